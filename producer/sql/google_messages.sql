-- $1 tenant_id, $2 limit, $3 cursor, $4 q, $5 label, $6 from, $7 to, $8 unread, $9 after, $10 before, $11 integration_id
select status, location, body, dispatch
from list_messages($1::uuid, $2::bigint, $3::text, $4::text, $5::text, $6::text, $7::text, $8::boolean, $9::text, $10::text, $11::uuid)
