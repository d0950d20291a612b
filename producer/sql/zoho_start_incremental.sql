-- $1 sync_id, $2 tenant_id, $3 connection_id, $4 modules, $5 registry, $6 traceparent
select * from zoho_start($1::uuid, $2::uuid, $3::uuid, 'incremental', $4::text[], $5::text::jsonb, $6::text)
