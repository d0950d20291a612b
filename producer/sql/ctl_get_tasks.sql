-- $1 tenant, $2 provider, $3 state, $4 connection, $5 resource, $6 limit. The newest first.
select t.task_id, n.name as tenant, t.provider, t.resource, t.mode, t.state, t.page as pages,
    w.records, w.expected_records, t.attempts, t.created_at, t.ended_at, t.connection_id,
    w.waits_for, w.waits_until,
    t.error_class, t.error_message
from sync_tasks t join tenants n using (tenant_id) join task_progress w using (task_id)
where ($1::text is null or n.name = $1) and ($2::text is null or t.provider = $2) and ($3::text is null or t.state = $3)
    and ($4::uuid is null or t.connection_id = $4::uuid) and ($5::text is null or t.resource = $5)
order by t.task_id desc
limit $6::bigint
