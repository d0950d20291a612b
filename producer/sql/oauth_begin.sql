-- $1 state_id, $2 tenant_id, $3 user_id who calls, $4 provider, $5 connection_id, $6 external_id, $7 settings, $8 return_to,
-- $9 seconds to live, $10 whose it will be: a user, $11 or his external id
select status, location, body, dispatch
from begin_consent($1::uuid, $2::uuid, $3::uuid, $4::text, $5::uuid, $6::text, coalesce($7::jsonb, '{}'), $8::text, $9::bigint,
    $10::uuid, $11::text)
