-- $1 tenant_id, $2 connection_id, $3 module
select * from zoho_ask_of_module($1::uuid, $2::uuid, 'fields', $3::text, '{}', '{}', '?module')
