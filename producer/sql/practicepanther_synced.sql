-- $1 sync_id, $2 tenant_id
select status, location, body, dispatch from practicepanther_synced($1::uuid, $2::uuid)
