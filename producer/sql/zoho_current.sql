-- $1 tenant_id, $2 connection_id, $3 limit
with recent as (
    select s.sync_id, s.ended_at from syncs s
    where s.tenant_id = $1::uuid and s.provider = 'zoho' and ($2::uuid is null or s.connection_id = $2::uuid)
    order by s.sync_id desc limit $3::int8),
told as (select r.sync_id, r.ended_at, zoho_session(r.sync_id, $1::uuid) as session from recent r)
select 200, null::text, zoho_success('Current sync status retrieved', json_build_object(
    'is_syncing', (select count(*) > 0 from told where ended_at is null),
    'current_sessions', coalesce((select json_agg(session order by sync_id desc) from told where ended_at is null), '[]'),
    'recent_sessions', coalesce((select json_agg(session order by sync_id desc) from told where ended_at is not null), '[]'),
    'last_completed_at', (select zoho_time(max(ended_at)) from told where session ->> 'status' = 'completed'))), null::text
