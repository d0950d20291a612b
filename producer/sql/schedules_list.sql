-- $1 tenant_id, $2 limit, $3 cursor: the last schedule_id of the page before, $4 connection_id, $5 provider, $6 enabled.
-- Newest first: identifiers are in order of creation.
with found as (
    select s as schedule, s.schedule_id, row_number() over (order by s.schedule_id desc) as place
    from schedules s
    where s.tenant_id = $1::uuid
        and ($3::uuid is null or s.schedule_id < $3::uuid)
        and ($4::uuid is null or s.connection_id = $4::uuid)
        and ($5::text is null or s.provider = $5::text)
        and ($6::boolean is null or s.enabled = $6::boolean)
    order by s.schedule_id desc
    limit $2::bigint + 1),
next as (
    select replace(schedule_id::text, '-', '') as cursor from found
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status,
    (select '/v1/schedules?limit=' || $2::bigint || '&cursor=' || cursor || coalesce('&connection_id=' || $4::uuid, '')
        || coalesce('&provider=' || $5::text, '') || coalesce('&enabled=' || $6::boolean, '') from next) as location,
    json_build_object(
        'schedules', coalesce((select json_agg(schedule_document(f.schedule) order by f.place) from found f
            where f.place <= $2::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
