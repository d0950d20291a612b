-- $1 tenant_id, $2 user_id. Of several accounts the one that was connected last speaks.
with account as (
    select c.connection_id, c.external_id, c.status, c.settings, c.connected_at from connections c
    where c.tenant_id = $1::uuid and c.provider = 'amazon' and c.owner_user_id is not distinct from $2::uuid
        and c.status <> 'disconnected'
    order by c.status in ('active', 'suspect') desc, c.connected_at desc),
latest as (
    select p.*, amazon_sync_name((select u.external_id from users u where u.user_id = $2::uuid), l.syncs[1]) as name
    from (select amazon_latest_syncs($1::uuid, $2::uuid) as syncs) l cross join lateral amazon_progress(l.syncs) p)
select 200 as status, null::text as location,
    json_build_object('success', true,
        'connected', coalesce(a.status in ('active', 'suspect'), false),
        'status', case when a.connection_id is null then 'not_connected' when a.status = 'reauthorize' then 'reconnect_required'
            else 'connected' end,
        'message', case when a.connection_id is null then 'Amazon account not connected. Please connect your Amazon account first.'
            when a.status = 'reauthorize' then 'Amazon no longer accepts the authorization. Please connect your Amazon account again.'
            else 'Amazon account connected' end,
        'connectionId', a.connection_id, 'sellerId', a.external_id, 'region', a.settings ->> 'region',
        'marketplaceIds', a.settings -> 'marketplace_ids', 'connectedAt', iso_time(a.connected_at),
        'accounts', (select count(*) from account), 'isMock', coalesce(amazon_is_sandbox(a.settings), false),
        'lastSync', (select json_build_object('syncId', l.name, 'status', l.status, 'progress', l.progress, 'message', l.current_step,
            'startedAt', iso_time(l.created_at), 'completedAt', iso_time(l.completed_at)) from latest l))::text as body,
    null::text as dispatch
from (select) one left join lateral (select * from account limit 1) a on true
