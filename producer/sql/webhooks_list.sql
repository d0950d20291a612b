-- $1 tenant_id, $2 limit, $3 cursor: the last webhook_id of the page before. Newest first: identifiers are in order of creation.
with found as (
    select w.webhook_id, webhook_document(w.webhook_id, w.url, w.event_types, w.description, w.active, w.disabled_reason,
        w.overlap_until, w.created_at) as document, row_number() over (order by w.webhook_id desc) as place
    from webhooks w
    where w.tenant_id = $1::uuid and ($3::uuid is null or w.webhook_id < $3::uuid)
    order by w.webhook_id desc
    limit $2::bigint + 1),
next as (
    select replace(webhook_id::text, '-', '') as cursor from found
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status, (select '/v1/webhooks?limit=' || $2::bigint || '&cursor=' || cursor from next) as location,
    json_build_object('webhooks', coalesce((select json_agg(document order by place) from found where place <= $2::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
