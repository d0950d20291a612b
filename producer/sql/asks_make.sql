-- $1 ask_id, $2 connection_id, $3 tenant_id, $4 traceparent
select status, location, body, dispatch from ask_connection($1::uuid, $3::uuid, $2::uuid, 'test', $4::text)
