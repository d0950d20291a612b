-- $1 sync_id, $2 tenant_id, $3 connection_id, $4 provider, $5 resources, $6 mode, $7 priority
select status, body
from accept_sync($1::uuid, $2::uuid, 'http', null, $3::uuid, $4::text, $5::text[], $6::text, null, false, $7::text)
