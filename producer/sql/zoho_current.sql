-- $1 tenant_id, $2 connection_id, $3 limit
with chosen as materialized (select * from zoho_chosen_or_none($1::uuid, $2::uuid)),
running as (
    select r as sync_id, zoho_session(r, $1::uuid) as session
    from chosen c cross join lateral zoho_running(c.connection_id, $1::uuid) r)
select coalesce(c.status, 200), null::text, coalesce(c.problem, zoho_success('Current sync status retrieved', json_build_object(
    'is_syncing', exists (select from running),
    'current_sessions', coalesce((select json_agg(session order by sync_id desc) from running), '[]'),
    'recent_sessions', coalesce((select json_agg(zoho_session(sync_id, $1::uuid) order by sync_id desc)
        from zoho_ended(c.connection_id, $1::uuid, $3::int8) sync_id), '[]'),
    'last_completed_at', zoho_time(zoho_completed(c.connection_id, $1::uuid))))), null::text
from chosen c
