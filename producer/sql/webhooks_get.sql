-- $1 webhook_id, $2 tenant_id
with found as (
    select webhook_document(w.webhook_id, w.url, w.event_types, w.description, w.active, w.disabled_reason, w.overlap_until,
        w.created_at)::text as body
    from webhooks w where w.webhook_id = $1::uuid and w.tenant_id = $2::uuid)
select 200 as status, null::text as location, body, null::text as dispatch from found
union all
select 404, null, unknown_webhook(), null where not exists (select from found)
