-- $1 ask_id, of the question for the location, $2 tenant_id
select status, location, body, dispatch from highlevel_name($1::uuid, $2::uuid)
