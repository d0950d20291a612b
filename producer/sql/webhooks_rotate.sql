-- $1 webhook_id, $2 tenant_id, $3 the new secret, sealed
select * from rotate_webhook($1::uuid, $2::uuid, $3::bytea)
