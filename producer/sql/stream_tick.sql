-- What listeners are to be told: of the syncs $1 what has changed since the versions $2 (0: in any case); of the tenants $3
-- what has changed of the open syncs since $4, and those that ended, as of versions $5, after $6 (microseconds). A version
-- is the transaction that wrote a row. Each row begins with the point up to which this statement has seen everything.
with point as materialized (
    select (extract(epoch from now()) * 1000000)::bigint as us, pg_snapshot_xmin(s)::text::bigint as version,
        pg_snapshot_xmax(s)::text::bigint as next
    from pg_current_snapshot() s),
tenant as materialized (
    select t.tenant_id, min(t.since) as since, min(t.ends_since) as ends_since, min(t.ends_from) as ends_from
    from unnest($3::uuid[], $4::int8[], $5::int8[], $6::int8[]) t (tenant_id, since, ends_since, ends_from) group by t.tenant_id),
named as (
    select x.sync_id, min(x.since) as since
    from (
        select one.sync_id, one.since from unnest($1::uuid[], $2::int8[]) one (sync_id, since)
        union all
        select m.sync_id, t.since
        from tenant t
            cross join lateral (select c.connection_id from connections c where c.tenant_id = t.tenant_id offset 0) c
            cross join lateral (
                select l.task_id from sync_tasks l where l.connection_id = c.connection_id and l.ended_at is null offset 0) l
            cross join lateral (select x.sync_id from sync_members x where x.task_id = l.task_id offset 0) m
        union all
        select s.sync_id, t.ends_since
        from point p cross join tenant t cross join lateral (
            select e.sync_id, row_version(e.xmin, p.next) as version from sync_ends e
            where e.tenant_id = t.tenant_id and e.ended_at > to_timestamp(t.ends_from / 1000000.0) offset 0) s
        where s.version >= t.ends_since) x
    group by x.sync_id),
changed as (
    select s.*, k.*, greatest(row_version(s.xid, p.next), k.task_version) as version
    from point p cross join named n
        cross join lateral (select x.*, x.xmin as xid from syncs x where x.sync_id = n.sync_id offset 0) s
        cross join lateral (
            select max(greatest(row_version(t.task_xid, p.next), row_version(t.breaker_xid, p.next),
                    row_version(t.stop_xid, p.next), row_version(t.pause_xid, p.next))) as task_version,
                count(*) as tasks, count(*) filter (where t.ended_at is null) as unfinished,
                min(t.started_at) as started_at, coalesce(sum(t.records), 0) as records,
                coalesce(sum(t.records_inserted), 0) as inserted, coalesce(sum(t.records_updated), 0) as updated,
                coalesce(sum(t.records_unchanged), 0) as unchanged, coalesce(sum(t.records_deleted), 0) as deleted,
                coalesce(sum(t.records_quarantined), 0) as quarantined,
                case when count(*) filter (where t.expected_records is null) = 0 then sum(t.expected_records) end as expected,
                coalesce(min(t.stopped),
                    (array_agg(t.waits_for order by t.waits_until) filter (where t.waits_until is not null))[1]) as waits_for,
                case when min(t.stopped) is null then min(t.waits_until) end as waits_until,
                case when count(*) filter (where t.ended_at is null and t.estimate is null) = 0 then max(t.estimate) end as estimate,
                min(t.error_class) as error_class,
                left(string_agg(t.resource || ': ' || t.error_message, '; ' order by t.resource), 1000) as error_message
            from sync_members m
                cross join lateral (select * from task_progress x where x.task_id = m.task_id offset 0) t
            where m.sync_id = n.sync_id) k
    where greatest(row_version(s.xid, p.next), k.task_version) >= n.since)
select p.us, p.version, c.sync_id, c.tenant_id, o.owner_user_id, c.version, c.ended_at is not null,
    case when c.sync_id is not null then json_build_object(
        'sync_id', c.sync_id, 'state', case when c.state = 'running' and c.started_at is null then 'queued' else c.state end,
        'provider', c.provider, 'connection_id', c.connection_id, 'mode', c.mode,
        'records', json_build_object('inserted', c.inserted, 'updated', c.updated, 'unchanged', c.unchanged,
            'deleted', c.deleted, 'quarantined', c.quarantined),
        'expected_records', c.expected, 'tasks_total', c.tasks, 'tasks_unfinished', c.unfinished,
        'rate_per_s', case when c.started_at is not null
            then round(c.records / greatest(extract(epoch from coalesce(c.ended_at, now()) - c.started_at), 0.001), 1) end,
        'estimated_completion_at', case when c.ended_at is null then iso_time(c.estimate) end,
        'waits_for', c.waits_for, 'waits_until', iso_time(c.waits_until),
        'error', case when c.error_class is not null
            then json_build_object('class', c.error_class, 'message', c.error_message) end,
        'created_at', iso_time(c.created_at), 'started_at', iso_time(c.started_at), 'ended_at', iso_time(c.ended_at),
        'href', '/v1/syncs/' || c.sync_id)::text end
from point p left join changed c on true
    left join lateral (select x.owner_user_id from connections x where x.connection_id = c.connection_id offset 0) o on true
order by c.ended_at nulls first
