-- $1 tenant_id, $2 user_id, $3 limit, $4 cursor, $5 sku, $6 asin, $7 inStock, $8 q: a part of SKU, ASIN or name. By SKU.
with place as (
    select case when array_length(p.f, 1) = 1 then p.f end as f from (select amazon_place($4::text) as f) p),
found as (
    select i.*, row_number() over (order by i.sku collate "C") as nth
    from amazon_stocks i
    where i.tenant_id = $1::uuid and i.user_id is not distinct from $2::uuid
        and ($5::text is null or i.sku = $5::text)
        and ($6::text is null or i.asin = $6::text)
        and ($7::boolean is null or (i.quantity_available > 0) = $7::boolean)
        and ($8::text is null or strpos(lower(concat_ws(' ', i.sku, i.asin, i.fnsku, i.product_name)), lower($8::text)) > 0)
        and ($4::text is null or i.sku collate "C" > (select f[1] from place) collate "C")
    order by i.sku collate "C"
    limit $3::bigint + 1),
next as (
    select amazon_cursor(sku) as cursor from found
    where nth = $3::bigint and exists (select from found where nth > $3::bigint))
select 200 as status,
    (select '/api/v1/integrations/amazon/inventory?limit=' || $3::bigint || '&cursor=' || cursor
        || coalesce('&sku=' || url_escaped($5::text), '') || coalesce('&asin=' || url_escaped($6::text), '')
        || coalesce('&inStock=' || $7::boolean, '') || coalesce('&q=' || url_escaped($8::text), '') from next) as location,
    json_build_object('success', true,
        'inventory', coalesce((select json_agg(json_build_object('id', md5(concat_ws('/', tenant_id, user_id, sku))::uuid, 'sku', sku, 'asin', asin, 'fnsku', fnsku,
            'productName', product_name, 'quantityAvailable', quantity_available, 'quantityReserved', quantity_reserved,
            'quantityInbound', quantity_inbound, 'quantityTotal', quantity_total, 'condition', condition,
            'warehouseLocation', null, 'syncedAt', iso_time(synced_at), 'isMock', is_mock, 'mockScenario', mock_scenario)
            order by nth) from found where nth <= $3::bigint), '[]'),
        'pagination', json_build_object('limit', $3::bigint, 'nextCursor', (select cursor from next)))::text as body,
    null::text as dispatch
where $4::text is null or (select f from place) is not null
union all
select 400, null, problem(400, 'malformed_cursor', 'cursor: not one of this list', '?cursor'), null
where $4::text is not null and (select f from place) is null
