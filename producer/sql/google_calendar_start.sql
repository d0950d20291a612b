-- $1 sync_id, $2 tenant_id, $3 user_id, $4 integration_id, $5 mode, $6 traceparent
select status, location, body, dispatch
from start_google_job($1::uuid, $2::uuid, $3::uuid, 'google_calendar', $4::uuid, $5::text, $6::text)
