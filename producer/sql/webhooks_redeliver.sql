-- $1 webhook_id, $2 delivery_id, $3 tenant_id
select * from redeliver($1::uuid, $2::uuid, $3::uuid)
