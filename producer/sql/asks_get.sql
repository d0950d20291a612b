-- $1 ask_id, $2 tenant_id
select status, location, body, dispatch from get_ask($1::uuid, $2::uuid)
