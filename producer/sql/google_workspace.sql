-- $1 tenant_id, $2 user_id
select status, location, body, dispatch from open_workspace($1::uuid, $2::uuid)
