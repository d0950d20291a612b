-- set: $1 sync_id, $2 tenant_id, $3 connection_id, $4 provider, $5 resources, $6 mode, $7 traceparent, $8 whether tasks may be
-- dispatched at once, $9 priority, $10 on_conflict
select status, location, body, dispatch
from accept_syncs($1::uuid[], $2::uuid[], 'http', null, $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::boolean[],
    $9::text[], $10::text[])
