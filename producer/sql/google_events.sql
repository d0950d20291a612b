-- $1 tenant_id, $2 user_id, $3 from, $4 to, $5 time zone, $6 calendar, $7 whether cancelled ones are wanted, $8 limit,
-- $9 cursor, $10 integration_id
select status, location, body, dispatch
from list_events($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::boolean, $8::bigint, $9::text, $10::uuid)
