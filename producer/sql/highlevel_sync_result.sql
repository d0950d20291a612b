-- $1 sync_id, $2 tenant_id
select status, location, body, dispatch from highlevel_sync_result($1::uuid, $2::uuid)
