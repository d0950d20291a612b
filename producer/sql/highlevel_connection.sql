-- $1 tenant_id, $2 userId, $3 whether its location must be known
select status, location, body, dispatch from highlevel_connection($1::uuid, $2::text, $3::boolean)
