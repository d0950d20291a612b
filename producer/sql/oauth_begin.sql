-- $1 tenant_id, $2 user_id, $3 provider, $4 connection_id, $5 external_id, $6 settings, $7 return_to, $8 state_id, $9 seconds to live
select status, location, body, dispatch
from begin_consent($8::uuid, $1::uuid, $2::uuid, $3::text, $4::uuid, $5::text, coalesce($6::jsonb, '{}'), $7::text, $9::bigint)
