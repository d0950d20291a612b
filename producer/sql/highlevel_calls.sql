-- $1 tenant_id, $2 limit, $3 cursor, $4 userId, $5 startDate, $6 endDate, $7 agentId, $8 contactId, $9 fromNumber, $10 callType,
-- $11 actionType, $12 minDuration
select status, location, body, dispatch
from highlevel_calls_page($1::uuid, $2::bigint, $3::text, $4::text, $5::timestamptz, $6::timestamptz, $7::text, $8::text,
    $9::text, $10::text, $11::text, $12::bigint)
