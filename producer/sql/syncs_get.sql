-- $1 sync_id, $2 tenant_id
with found as (
    select * from syncs where sync_id = $1::uuid and tenant_id = $2::uuid),
rated as (
    select t.*, p.waits_for, p.stopped, p.waits_until, p.expected_records as expected, p.records, p.rate, p.estimate
    from found f join sync_members using (sync_id) join sync_tasks t using (task_id) join task_progress p using (task_id)),
summed as (
    select json_agg(r.resource order by r.resource) as resources,
        coalesce(min(r.stopped),
            (array_agg(r.waits_for order by r.waits_until) filter (where r.waits_until is not null))[1]) as waits_for,
        case when min(r.stopped) is null then min(r.waits_until) end as waits_until, min(r.started_at) as started_at, sum(r.records) as records,
        sum(r.records_inserted) as inserted, sum(r.records_updated) as updated, sum(r.records_unchanged) as unchanged,
        sum(r.records_deleted) as deleted, sum(r.records_quarantined) as quarantined,
        case when count(*) filter (where r.ended_at is null and r.estimate is null) = 0 then max(r.estimate) end as estimate,
        json_agg(json_build_object(
            'task_id', r.task_id, 'resource', r.resource, 'state', r.state, 'mode', r.mode, 'pages', r.page,
            'records', json_build_object('inserted', r.records_inserted, 'updated', r.records_updated,
                'unchanged', r.records_unchanged, 'deleted', r.records_deleted, 'quarantined', r.records_quarantined),
            'deletions_withheld', r.deletions_withheld, 'deletions_note', r.deletions_note,
            'expected_records', r.expected,
            'rate_per_s', r.rate, 'estimated_completion_at', iso_time(r.estimate),
            'waits_for', r.waits_for, 'waits_until', iso_time(r.waits_until),
            'error', case when r.error_class is not null
                then json_build_object('class', r.error_class, 'message', r.error_message) end,
            'created_at', iso_time(r.created_at), 'started_at', iso_time(r.started_at),
            'ended_at', iso_time(r.ended_at)) order by r.resource, r.task_id) as tasks
    from rated r)
select 200 as status, null::text as location,
    json_build_object(
        'sync_id', f.sync_id,
        'state', case when f.state = 'running' and s.started_at is null then 'queued' else f.state end,
        'provider', f.provider, 'connection_id', f.connection_id, 'mode', f.mode,
        'priority', case when f.backfill then 'backfill' else 'interactive' end,
        'resources', coalesce(s.resources, '[]'), 'source', f.source, 'schedule_id', case when f.source = 'schedule' then split_part(f.request_id, ':', 2) end,
        'created_at', iso_time(f.created_at), 'started_at', iso_time(s.started_at), 'ended_at', iso_time(f.ended_at),
        'records', json_build_object('inserted', coalesce(s.inserted, 0), 'updated', coalesce(s.updated, 0),
            'unchanged', coalesce(s.unchanged, 0), 'deleted', coalesce(s.deleted, 0),
            'quarantined', coalesce(s.quarantined, 0)),
        'rate_per_s', case when s.started_at is not null then round(s.records
            / greatest(extract(epoch from coalesce(f.ended_at, now()) - s.started_at), 0.001), 1) end,
        'estimated_completion_at', case when f.ended_at is null then iso_time(s.estimate) end,
        'waits_for', s.waits_for, 'waits_until', iso_time(s.waits_until),
        'tasks', coalesce(s.tasks, '[]'),
        'href', '/v1/syncs/' || f.sync_id)::text as body,
    null::text as dispatch
from found f cross join summed s
union all
select 404, null, problem(404, 'unknown_sync', 'no sync with this id belongs to the caller''s tenant', '{sync_id}'), null
where not exists (select from found)
