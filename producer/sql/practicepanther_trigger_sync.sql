-- $1 sync_id, $2 tenant_id, $3 user_id, $4 sync_contacts, $5 sync_matters, $6 sync_tasks, $7 traceparent, $8 direct
select status, location, body, dispatch
from practicepanther_trigger_sync($1::uuid, $2::uuid, $3::uuid, $4::boolean, $5::boolean, $6::boolean, $7::text, $8::boolean)
