-- $1 tenant_id, $2 limit, $3 cursor: the last key_id of the page before. Newest first: identifiers are in order of creation.
with found as (
    select k.key_id, k.name, k.rights, k.created_at, k.expires_at, k.revoked_at,
        row_number() over (order by k.key_id desc) as place
    from service_keys k
    where k.tenant_id = $1::uuid and ($3::uuid is null or k.key_id < $3::uuid)
    order by k.key_id desc
    limit $2::bigint + 1),
next as (
    select replace(key_id::text, '-', '') as cursor from found
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status,
    (select '/v1/keys?limit=' || $2::bigint || '&cursor=' || cursor from next) as location,
    json_build_object(
        'keys', coalesce((select json_agg(json_build_object('key_id', key_id, 'name', name, 'rights', rights,
            'created_at', iso_time(created_at), 'expires_at', iso_time(expires_at), 'revoked_at', iso_time(revoked_at))
            order by place) from found where place <= $2::bigint), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
