-- $1 tenant_id, $2 limit, $3 cursor: the last connection_id of the page before, $4 provider, $5 status
select status, location, body, dispatch from list_connections($1::uuid, $2::bigint, $3::uuid, $4::text, $5::text)
