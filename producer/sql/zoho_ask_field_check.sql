-- $1 tenant_id, $2 connection_id, $3 module, $4 fields
select * from zoho_ask_of_module($1::uuid, $2::uuid, 'fields', $3::text, '{}',
    jsonb_build_object('fields', (select jsonb_agg(btrim(f)) from regexp_split_to_table($4::text, ',') f where btrim(f) <> '')), '?module')
