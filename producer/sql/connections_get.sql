-- $1 connection_id, $2 tenant_id
select status, location, body, dispatch from get_connection($1::uuid, $2::uuid)
