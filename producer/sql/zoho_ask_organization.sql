-- $1 tenant_id, $2 connection_id
select * from zoho_ask($1::uuid, $2::uuid, 'organization')
