-- The heartbeat. No row: this worker was declared dead. `others_wait` says that work waits for a slot. `gone` are its
-- tasks ($4 ids, $5 epochs) that are not its own any more, `strays` those that are its own and that it does not know
-- of: their claim was never answered. Both as id/epoch. `failing` are the open breakers, as provider/milliseconds until
-- they are half open. $6 is what breakers are judged by, $7 the tasks completed since the last beat, by provider. `paused`
-- are the connections among its tasks' and the providers whose tasks are to be given back.
with beat as (
    update workers set beat_at = now(), leaving = $2::bool or draining, free_slots = $3::int8, calls = $6::jsonb
    where worker_id = $1 returning draining),
told as (
    select count_completed($7::jsonb) where $7 <> '{}')
select (select count(*) from beat) as beats,
    exists (select 1 from sync_tasks where queued_at is not null
        and provider <> all (array(select s.provider from provider_stops s)))
        or exists (select 1 from sync_tasks where state = 'dispatched' and due_at is not null) as others_wait,
    array(select m.task_id || '/' || m.epoch from unnest($4::uuid[], $5::int8[]) as m(task_id, epoch)
        where (select t.epoch = m.epoch and t.state = 'running' from sync_tasks t where t.task_id = m.task_id)
            is not true) as gone,
    array(select t.task_id || '/' || t.epoch from sync_tasks t
        where t.owner = $1 and not t.task_id = any ($4::uuid[])) as strays,
    array(select b.provider || '/' || (extract(epoch from b.open_until - now()) * 1000)::int8
        from breakers b where b.open) as failing,
    case when exists (select from connection_pauses) then array(
        select p.connection_id::text from unnest($4::uuid[]) as m(task_id)
        cross join lateral (select x.connection_id from sync_tasks x where x.task_id = m.task_id offset 0) t
        cross join lateral (select x.connection_id from connection_pauses x where x.connection_id = t.connection_id offset 0) p)
        else '{}' end
    || array(select s.provider from provider_stops s where s.kind = 'paused') as paused,
    coalesce((select draining from beat), false) as draining,
    (select count(*) from told) as told
