-- $1 tenant_id, $2 limit, $3 cursor: the last dead_record_id of the page before, $4 connection_id, $5 provider, $6 resource,
-- $7 a part of the reason. Newest first: identifiers are in order of creation.
with found as (
    select d.*, row_number() over (order by d.dead_record_id desc) as place
    from dead_records d
    where d.tenant_id = $1::uuid
        and ($3::uuid is null or d.dead_record_id < $3::uuid)
        and ($4::uuid is null or d.connection_id = $4::uuid)
        and ($5::text is null or d.provider = $5::text)
        and ($6::text is null or d.resource = $6::text)
        and ($7::text is null or strpos(lower(d.reason), lower($7::text)) > 0)
    order by d.dead_record_id desc
    limit $2::bigint + 1),
next as (
    select replace(dead_record_id::text, '-', '') as cursor from found
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status,
    (select '/v1/dead-records?limit=' || $2::bigint || '&cursor=' || cursor || coalesce('&connection_id=' || $4::uuid, '')
        || coalesce('&provider=' || $5::text, '') || coalesce('&resource=' || url_escaped($6::text), '')
        || coalesce('&reason=' || url_escaped($7::text), '') from next) as location,
    json_build_object(
        'dead_records', coalesce((select json_agg(dead_record_summary(f.dead_record_id, f.connection_id, f.task_id, f.provider,
            f.resource, f.record_id, f.column_name, f.reason, f.raw, f.times, f.first_seen_at, f.last_seen_at,
            f.replay_asked_at) order by f.place) from found f where f.place <= $2::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
