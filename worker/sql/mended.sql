-- Records that were stored, or deleted at the provider, leave the quarantine. $1 connections, $2 resources, $3 record ids, $4 of
-- the deleted ones the walk's start in microseconds: what the same walk showed was restored.
delete from dead_records d
using unnest($1::uuid[], $2::text[], $3::text[], $4::int8[]) as m(connection_id, resource, record_id, walk_us)
where d.connection_id = m.connection_id and d.resource = m.resource and d.record_key = 'id:' || m.record_id
    and (m.walk_us is null or extract(epoch from d.last_seen_at) * 1000000 < m.walk_us)
