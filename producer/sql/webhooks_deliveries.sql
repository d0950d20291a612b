-- $1 webhook_id, $2 tenant_id, $3 limit, $4 cursor: the last delivery_id of the page before, $5 state. Newest first.
with found as (
    select d.delivery_id, delivery_document(d) as document, row_number() over (order by d.delivery_id desc) as place
    from webhook_deliveries d
    where d.webhook_id = $1::uuid and d.tenant_id = $2::uuid and ($4::uuid is null or d.delivery_id < $4::uuid)
        and case $5::text when 'delivered' then d.delivered_at is not null when 'pending' then d.due_at is not null
            when 'failed' then d.delivered_at is null and d.due_at is null else true end
    order by d.delivery_id desc
    limit $3::bigint + 1),
next as (
    select replace(delivery_id::text, '-', '') as cursor from found
    where place = $3::bigint and exists (select from found where place > $3::bigint)),
hook as (select from webhooks w where w.webhook_id = $1::uuid and w.tenant_id = $2::uuid)
select 200 as status,
    (select '/v1/webhooks/' || $1::uuid || '/deliveries?limit=' || $3::bigint || '&cursor=' || cursor
        || coalesce('&state=' || $5::text, '') from next) as location,
    json_build_object('deliveries', coalesce((select json_agg(document order by place) from found where place <= $3::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
where exists (select from hook)
union all
select 404, null, unknown_webhook(), null where not exists (select from hook)
