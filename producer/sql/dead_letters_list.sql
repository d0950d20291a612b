-- $1 whether the caller operates the fleet, $2 limit, $3 cursor: the last letter_id of the page before, $4 connection_id,
-- $5 provider, $6 resource, $7 class, $8 fingerprint. The newest first.
with found as (
    select d.letter_id, dead_letter_summary(d) as summary, row_number() over (order by d.letter_id desc) as place
    from open_dead_letters($1::boolean, row(null, $4::uuid, $5::text, $6::text, $7::text, $8::text)::letter_filter,
        $3::uuid, $2::bigint + 1) d),
next as (
    select replace(letter_id::text, '-', '') as cursor from found
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status,
    (select '/v1/dead-letters?limit=' || $2::bigint || '&cursor=' || cursor || coalesce('&connection_id=' || $4::uuid, '')
        || coalesce('&provider=' || $5::text, '') || coalesce('&resource=' || url_escaped($6::text), '')
        || coalesce('&class=' || $7::text, '') || coalesce('&fingerprint=' || url_escaped($8::text), '') from next) as location,
    json_build_object(
        'dead_letters', coalesce((select json_agg(f.summary order by f.place) from found f where f.place <= $2::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
