-- oldest binary: 0.1.0
-- Live progress, and webhooks: what was told, where results are sent, and what is still to be sent.

-- ---- live progress ----

-- A tenant's open syncs (null) and its latest ends.
create index syncs_by_end on syncs (tenant_id, ended_at);

create function row_version(p_xmin xid, p_next bigint) returns bigint language sql immutable parallel safe
return p_next - ((p_next - p_xmin::text::bigint) & 4294967295);
comment on function row_version is 'the transaction that wrote a row, in 64 bits; p_next: of the snapshot that saw it';

create function event_point() returns text language sql volatile
return (extract(epoch from now()) * 1000000)::bigint || '-' || pg_snapshot_xmin(pg_current_snapshot());
comment on function event_point is 'an event''s id: the database''s time, and the version below which everything can be seen';

-- What a task is doing: for whom it waits and until when, its records, and its end at the rate so far.
create view task_progress with (security_invoker = true) as
select r.*,
    -- nothing is promised further ahead than ten years
    case when r.ended_at is null and r.expected_records > r.records and r.records > 0
        then greatest(now(), r.waits_until)
            + least((r.expected_records - r.records) * r.seconds / r.records, 315360000) * interval '1 second' end as estimate
from (
    select t.task_id, t.resource, t.state, t.started_at, t.ended_at, t.expected_records, t.error_class, t.error_message,
        t.records_inserted, t.records_updated, t.records_unchanged, t.records_deleted, t.records_quarantined,
        t.records_inserted + t.records_updated + t.records_unchanged + t.records_deleted + t.records_quarantined as records,
        t.xmin as task_xid, b.xmin as breaker_xid,
        -- a failing provider keeps what is queued, too; without a time once probes are out
        case t.state
            when 'queued' then case when t.after_task is not null then 'earlier_run'
                when b.open then provider_is_failing(t.provider) else 'slot' end
            when 'dispatched' then 'worker'
            when 'waiting' then coalesce(t.wait_reason, 'due_time') end as waits_for,
        case when t.state = 'waiting' then greatest(t.due_at,
                case when b.open and t.wait_reason = provider_is_failing(t.provider) then b.open_until end)
            when t.state = 'queued' and t.after_task is null and b.open and b.open_until > now() then b.open_until
            end as waits_until,
        case when t.started_at is not null
            then greatest(extract(epoch from coalesce(t.ended_at, now()) - t.started_at)::float8, 0.001) end as seconds
    from sync_tasks t left join breakers b on b.provider = t.provider) r;
