-- $1 tenant_id, $2 connection_id, $3 module, $4 fields
select * from zoho_ask_of_module($1::uuid, $2::uuid, 'create_fields', $3::text, jsonb_build_object('fields', $4::text::jsonb),
    jsonb_build_object('labels', (select jsonb_agg(coalesce(f ->> 'field_label', f ->> 'api_name')) from jsonb_array_elements($4::text::jsonb) f)),
    '#/module')
