-- Records that were stored leave the quarantine. $1 connections, $2 resources, $3 record ids.
delete from dead_records d
using unnest($1::uuid[], $2::text[], $3::text[]) as m(connection_id, resource, record_id)
where d.connection_id = m.connection_id and d.resource = m.resource and d.record_key = 'id:' || m.record_id
