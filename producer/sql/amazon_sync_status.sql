-- $1 tenant_id, $2 user_id, $3 the sync as its user knows it; null: the latest, and when there is none, that.
with asked as (
    select case when $3::text is null then amazon_latest_syncs($1::uuid, $2::uuid)
        else amazon_syncs_named($1::uuid, $3::text) end as syncs),
found as (
    select p.*, coalesce($3::text, amazon_sync_name((select u.external_id from users u where u.user_id = $2::uuid), a.syncs[1])) as name
    from asked a cross join lateral amazon_progress(a.syncs) p)
select 200 as status, null::text as location,
    json_build_object('success', true, 'syncId', f.name, 'status', f.status, 'progress', f.progress, 'message', f.current_step,
        'step', f.step, 'totalSteps', 5, 'results', f.results, 'metadata', f.metadata, 'error', f.error,
        'startedAt', iso_time(f.created_at), 'updatedAt', iso_time(f.updated_at), 'completedAt', iso_time(f.completed_at))::text as body,
    null::text as dispatch
from found f
union all
select case when $3::text is null then 200 else 404 end, null, case when $3::text is not null then amazon_unknown_sync()
    else json_build_object('success', true, 'syncId', null, 'status', 'idle', 'progress', 0, 'message', 'No sync has been started yet.',
        'step', 0, 'totalSteps', 5, 'results', '{}'::json, 'metadata', null, 'error', null,
        'startedAt', null, 'updatedAt', null, 'completedAt', null)::text end, null
where not exists (select from found)
