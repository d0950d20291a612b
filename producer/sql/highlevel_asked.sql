-- $1 ask_id, $2 tenant_id
select status, location, body, dispatch from highlevel_asked($1::uuid, $2::uuid)
