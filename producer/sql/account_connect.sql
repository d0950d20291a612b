-- $1 connection_id, $2 tenant_id, $3 user_id, $4 whether he sees only his own, $5 provider, $6 external_id, $7 settings,
-- $8 secret, $9 seconds that the access token lives
select status, location, body, dispatch
from connect_account($1::uuid, $2::uuid, $3::uuid, $4::boolean, $5::text, $6::text, $7::jsonb, $8::bytea, $9::bigint)
