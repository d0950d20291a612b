-- $1 webhook_id, $2 tenant_id
select * from test_webhook($1::uuid, $2::uuid)
