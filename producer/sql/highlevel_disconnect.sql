-- $1 tenant_id, $2 userId
select status, location, body, dispatch from highlevel_disconnect($1::uuid, $2::text)
