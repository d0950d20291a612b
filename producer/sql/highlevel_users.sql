-- $1 tenant_id, $2 limit, $3 cursor: the last user of the page before
select status, location, body, dispatch from highlevel_users($1::uuid, $2::bigint, $3::uuid)
