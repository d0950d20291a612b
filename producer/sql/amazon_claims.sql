-- $1 tenant_id, $2 user_id, $3 limit, $4 cursor, $5 status, $6 type, $7 orderId, $8 from, $9 to, $10 q: a part of the claim's
-- number, its order's or its description. Newest first.
with place as (
    select case when array_length(p.f, 1) = 2 and p.f[1] ~ '^\d{1,17}$' and p.f[2] ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p.f end as f
    from (select amazon_place($4::text) as f) p),
found as (
    select k.*, (extract(epoch from k.created_at) * 1000000)::bigint as us,
        row_number() over (order by k.created_at desc, k.id desc) as nth
    from amazon_told_claims k
    where k.tenant_id = $1::uuid and k.user_id is not distinct from $2::uuid
        and ($5::text is null or k.status = $5::text)
        and ($6::text is null or k.type = $6::text)
        and ($7::text is null or k.order_id = $7::text)
        and ($8::timestamptz is null or k.created_at >= $8::timestamptz)
        and ($9::timestamptz is null or k.created_at < $9::timestamptz)
        and ($10::text is null or strpos(lower(concat_ws(' ', k.claim_id, k.order_id, k.description)), lower($10::text)) > 0)
        and ($4::text is null or ((extract(epoch from k.created_at) * 1000000)::bigint, k.id)
            < (select f[1]::bigint, f[2]::uuid from place))
    order by k.created_at desc, k.id desc
    limit $3::bigint + 1),
next as (
    select amazon_cursor(us::text, id::text) as cursor from found
    where nth = $3::bigint and exists (select from found where nth > $3::bigint))
select 200 as status,
    (select '/api/v1/integrations/amazon/claims?limit=' || $3::bigint || '&cursor=' || cursor || coalesce('&status=' || $5::text, '')
        || coalesce('&type=' || url_escaped($6::text), '') || coalesce('&orderId=' || url_escaped($7::text), '')
        || coalesce('&from=' || url_escaped(iso_time($8::timestamptz)), '') || coalesce('&to=' || url_escaped(iso_time($9::timestamptz)), '')
        || coalesce('&q=' || url_escaped($10::text), '') from next) as location,
    json_build_object('success', true,
        'claims', coalesce((select json_agg(json_build_object('id', id, 'claimId', claim_id, 'orderId', order_id,
            'amount', amount::text, 'currency', currency, 'status', status, 'type', type, 'description', description,
            'createdAt', iso_time(created_at), 'syncedAt', iso_time(synced_at), 'isMock', is_mock, 'mockScenario', mock_scenario)
            order by nth) from found where nth <= $3::bigint), '[]'),
        'pagination', json_build_object('limit', $3::bigint, 'nextCursor', (select cursor from next)))::text as body,
    null::text as dispatch
where $4::text is null or (select f from place) is not null
union all
select 400, null, problem(400, 'malformed_cursor', 'cursor: not one of this list', '?cursor'), null
where $4::text is not null and (select f from place) is null
