-- $1 webhook_id, $2 tenant_id, $3 url, $4 event types, $5 description, $6 the sealed secret
select * from create_webhook($1::uuid, $2::uuid, $3::text, $4::text[], $5::text, $6::bytea)
