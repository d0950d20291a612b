-- Records that were stored, or deleted at the provider, leave the quarantine. $1 connections, $2 resources, $3 record ids, $4 of
-- the deleted ones the task: what it has quarantined itself was restored.
delete from dead_records d
using unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) as m(connection_id, resource, record_id, task_id)
where d.connection_id = m.connection_id and d.resource = m.resource and d.record_key = 'id:' || m.record_id
    and d.task_id is distinct from m.task_id
