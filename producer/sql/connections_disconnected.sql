-- $1 connection_id, $2 tenant_id, $3 what became of the tokens
select status, location, body, dispatch from disconnect_done($1::uuid, $2::uuid, $3::text)
