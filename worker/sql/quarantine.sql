-- Records that cannot be stored, with what the provider sent and why; one row each, however often they come. $1 tasks,
-- $2 record ids ('' none), $3 columns, $4 reasons, $5 texts, $6 whether a replay refused it again: then it was not sent anew.
insert into dead_records as d (tenant_id, connection_id, task_id, provider, resource, record_id, column_name, reason, raw, times)
select t.tenant_id, t.connection_id, t.task_id, t.provider, t.resource, e.record_id, e.column_name, e.reason, e.raw,
    case when e.replayed then 0 else 1 end
from (
    select distinct on (b.task_id, b.record_id, b.key) b.*
    from (
        select r.task_id, nullif(r.record_id, '') as record_id, r.column_name, r.reason, r.raw, r.replayed, r.ord,
            case when r.record_id = '' then md5(r.raw) end as key
        from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bool[]) with ordinality
            as r(task_id, record_id, column_name, reason, raw, replayed, ord)) b
    order by b.task_id, b.record_id, b.key, b.ord desc) e
cross join lateral (select * from sync_tasks x where x.task_id = e.task_id offset 0) t
on conflict (connection_id, resource, record_key) do update
set task_id = excluded.task_id, column_name = excluded.column_name, reason = excluded.reason, raw = excluded.raw,
    times = d.times + excluded.times,
    last_seen_at = case when excluded.times = 0 then d.last_seen_at else excluded.last_seen_at end,
    replay_asked_at = case when excluded.times > 0 then d.replay_asked_at end
