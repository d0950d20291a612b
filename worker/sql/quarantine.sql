-- Records that cannot be stored, with what the provider sent and why.
insert into dead_records (tenant_id, connection_id, task_id, provider, resource, record_id, column_name, reason, raw)
select t.tenant_id, t.connection_id, t.task_id, t.provider, t.resource, nullif(e.record_id, ''), e.column_name, e.reason, e.raw
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[]) as e(task_id, record_id, column_name, reason, raw)
join sync_tasks t on t.task_id = e.task_id
where t.task_id = any ($1::uuid[])
