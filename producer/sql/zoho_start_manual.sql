-- $1 sync_id, $2 tenant_id, $3 connection_id, $4 module, $5 record_ids, $6 modules, $7 force, $8 registry, $9 traceparent
select * from zoho_start_manual($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text[], $6::text[], $7::boolean, $8::text::jsonb, $9::text)
