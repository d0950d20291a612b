-- $1 sync_id, $2 tenant_id, $3 userId, $4 startDate, $5 endDate, $6 traceparent
select status, location, body, dispatch
from highlevel_sync($1::uuid, $2::uuid, $3::text, $4::timestamptz, $5::timestamptz, $6::text)
