-- $1 tenant_id, $2 connection_id, $3 registry
select * from zoho_ask($1::uuid, $2::uuid, 'current_user', null, jsonb_build_object('modules', zoho_resources($3::text::jsonb)))
