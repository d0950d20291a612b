-- $1 connection, $2 provider, $3 resource, $4 class, $5 fingerprint, $6 limit. The newest first.
select d.task_id, n.name as tenant, d.provider, d.resource, d.mode, d.error_class as class, d.attempts, d.failed_at,
    d.connection_id, d.fingerprint, d.error_message as message
from open_dead_letters(true, row(null, $1::uuid, $2::text, $3::text, $4::text, $5::text)::letter_filter, null, $6::bigint) d
    join tenants n using (tenant_id)
order by d.letter_id desc
