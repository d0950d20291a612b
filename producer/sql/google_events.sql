-- $1 tenant_id, $2 from, $3 to, $4 time zone, $5 calendar, $6 whether cancelled ones are wanted, $7 limit, $8 cursor,
-- $9 integration_id
select status, location, body, dispatch
from list_events($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::boolean, $7::bigint, $8::text, $9::uuid)
