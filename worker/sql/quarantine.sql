-- Records that cannot be stored, with what the provider sent and why.
insert into dead_records (tenant_id, connection_id, task_id, provider, resource, record_id, column_name, reason, raw)
select t.tenant_id, t.connection_id, t.task_id, t.provider, t.resource, nullif(e.record_id, ''), e.column_name, e.reason, e.raw
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[])
    as e(task_id, record_id, column_name, reason, raw)
cross join lateral (select * from sync_tasks x where x.task_id = e.task_id offset 0) t
