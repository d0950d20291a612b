-- $1 ask_id, $2 connection_id, $3 tenant_id, $4 name, $5 arguments, $6 traceparent
select status, location, body, dispatch
from ask_connection($1::uuid, $3::uuid, $2::uuid, $4::text, $5::text::jsonb, $6::text)
