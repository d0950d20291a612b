-- $1 tenant_id, $2 user_id, $3 limit, $4 cursor, $5 q, $6 label, $7 from, $8 to, $9 unread, $10 after, $11 before,
-- $12 integration_id
select status, location, body, dispatch
from list_messages($1::uuid, $2::uuid, $3::bigint, $4::text, $5::text, $6::text, $7::text, $8::text, $9::boolean, $10::text,
    $11::text, $12::uuid)
