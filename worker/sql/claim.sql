-- Messages become running tasks: only the dispatch that the row waits for may claim it. Locks in the order of ids.
-- `= any` and `offset 0` leave the planner no other way than the keys (see end_tasks).
-- Its commit is not waited for: a crash of the server that loses a claim leaves the task dispatched, and the fence closed
-- to the worker that believed in it; the clock repeats the message.
-- What is stopped is not claimed: a provider's tasks go back to the queue, but for those that are to try it, and for
-- questions of people when nobody has paused it; a connection's are held until it is resumed (resume_connection tells
-- why the pause is locked).
with lazily as materialized (select set_config('synchronous_commit', 'off', true)),
told as (
    update workers set free_slots = $4::int8 where worker_id = $3),
asked as materialized (
    select w.* from lazily, unnest($1::uuid[], $2::int8[]) as w(task_id, dispatch) order by w.task_id),
wanted as materialized (
    select t.task_id, p.held, exists (select from provider_stops s where s.provider = t.provider
        and (s.kind = 'paused' or t.mode <> 'ask') and t.task_id <> all (s.probes)) as stopped
    from asked w
    cross join lateral (
        select x.task_id, x.connection_id, x.provider, x.mode from sync_tasks x
        where x.task_id = w.task_id and x.dispatch = w.dispatch and x.state = 'dispatched' offset 0 for update) t
    left join lateral (
        select true as held from connection_pauses y where y.connection_id = t.connection_id offset 0 for share) p on true),
back as (
    update sync_tasks t
    set state = 'queued', due_at = null,
        queued_at = case when t.task_id = any (array(select task_id from wanted where held)) then null else now() end,
        wait_reason = case when t.task_id = any (array(select task_id from wanted where held)) then connection_is_paused() end
    where t.task_id = any (array(select task_id from wanted where held or stopped))),
claimed as (
    update sync_tasks t
    set state = 'running', owner = $3, epoch = t.epoch + 1, due_at = null, wait_reason = null,
        started_at = coalesce(t.started_at, now())
    where t.task_id = any (array(select task_id from wanted where held is null and not stopped))
    returning t.*)
select t.task_id, t.epoch, t.page, t.cursor, t.provider, t.resource, t.mode = 'incremental' as incremental, t.attempts,
    t.connection_id, t.tenant_id, c.external_id, c.settings, c.secret, c.token_version,
    (extract(epoch from c.token_expires_at - now()) * 1000000)::int8 as token_life_us,
    (extract(epoch from s.watermark) * 1000000)::int8 as watermark_us, s.connection_id is null as first_load,
    c.status in ('reauthorize', 'disconnected') as reauthorize, q.has_dead, (extract(epoch from s.full_walk_at) * 1000000)::int8 as full_walk_us,
    t.replay, t.mode = 'replay' as replay_only,
    array(select b.provider || '/' || (extract(epoch from b.open_until - now()) * 1000)::int8
        from breakers b where b.open) as failing,
    t.restarts, (extract(epoch from t.bound_from) * 1000000)::int8 as from_us,
    (extract(epoch from t.bound_to) * 1000000)::int8 as to_us
from claimed t
cross join lateral (select * from connections x where x.connection_id = t.connection_id offset 0) c
left join lateral (
    select * from resource_states x where x.connection_id = t.connection_id and x.resource = t.resource offset 0) s on true
left join lateral (
    select true as has_dead from dead_records x where x.connection_id = t.connection_id and x.resource = t.resource limit 1) q
    on true
