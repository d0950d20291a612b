-- $1 sync_id
select tenant_id from syncs where sync_id = $1::uuid
