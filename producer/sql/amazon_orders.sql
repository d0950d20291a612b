-- $1 tenant_id, $2 user_id, $3 limit, $4 cursor, $5 status, $6 fulfillmentChannel, $7 from, $8 to, $9 orderId. Newest first, each
-- with its items.
with place as (
    select case when array_length(p.f, 1) = 2 and p.f[1] ~ '^\d{1,17}$' then p.f end as f
    from (select amazon_place($4::text) as f) p),
found as (
    select o.*, (extract(epoch from o.purchase_date) * 1000000)::bigint as us,
        row_number() over (order by o.purchase_date desc, o.id) as nth
    from amazon_orders o
    where o.tenant_id = $1::uuid and o.user_id is not distinct from $2::uuid
        and ($5::text is null or o.order_status = $5::text)
        and ($6::text is null or o.fulfillment_channel = $6::text)
        and ($7::timestamptz is null or o.purchase_date >= $7::timestamptz)
        and ($8::timestamptz is null or o.purchase_date < $8::timestamptz)
        and ($9::text is null or o.id = $9::text)
        and ($4::text is null or o.purchase_date <= to_timestamp((select f[1]::bigint from place) / 1000000.0)
            and ((extract(epoch from o.purchase_date) * 1000000)::bigint < (select f[1]::bigint from place)
                or o.id > (select f[2] from place) collate "C"))
    order by o.purchase_date desc, o.id
    limit $3::bigint + 1),
next as (
    select amazon_cursor(us::text, id) as cursor from found
    where nth = $3::bigint and exists (select from found where nth > $3::bigint))
select 200 as status,
    (select '/api/v1/integrations/amazon/orders?limit=' || $3::bigint || '&cursor=' || cursor || coalesce('&status=' || $5::text, '')
        || coalesce('&fulfillmentChannel=' || $6::text, '')
        || coalesce('&from=' || url_escaped(iso_time($7::timestamptz)), '') || coalesce('&to=' || url_escaped(iso_time($8::timestamptz)), '')
        || coalesce('&orderId=' || url_escaped($9::text), '') from next) as location,
    json_build_object('success', true,
        'orders', coalesce((select json_agg(json_build_object('orderId', f.id, 'sellerOrderId', f.seller_order_id,
            'orderDate', iso_time(f.purchase_date), 'lastUpdateDate', iso_time(f.last_update_date), 'status', f.order_status,
            'fulfillmentChannel', f.fulfillment_channel, 'marketplaceId', f.marketplace_id, 'salesChannel', f.sales_channel,
            'total', f.order_total::text, 'currency', f.currency, 'itemsShipped', f.items_shipped, 'itemsUnshipped', f.items_unshipped,
            'isPrime', f.is_prime, 'isBusinessOrder', f.is_business_order, 'items', coalesce((select json_agg(json_build_object(
                'orderItemId', i.id, 'asin', i.asin, 'sku', i.seller_sku, 'title', i.title, 'quantityOrdered', i.quantity_ordered,
                'quantityShipped', i.quantity_shipped, 'price', i.item_price::text, 'currency', i.currency) order by i.id)
                from amazon_order_items i where i.connection_id = f.connection_id and i.order_id = f.id), '[]'),
            'syncedAt', iso_time(f.synced_at), 'isMock', f.is_mock, 'mockScenario', f.mock_scenario) order by f.nth) from found f where f.nth <= $3::bigint), '[]'),
        'pagination', json_build_object('limit', $3::bigint, 'nextCursor', (select cursor from next)))::text as body,
    null::text as dispatch
where $4::text is null or (select f from place) is not null
union all
select 400, null, problem(400, 'malformed_cursor', 'cursor: not one of this list', '?cursor'), null
where $4::text is not null and (select f from place) is null
