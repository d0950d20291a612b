-- Walks that ended: what they leave for the next one ($1 ids, $2 watermarks by their places), and the end of their tasks.
with walked as (
    insert into resource_states as s (connection_id, resource, watermark, full_records)
    select t.connection_id, t.resource,
        to_timestamp(($2::int8[])[array_position($1::uuid[], t.task_id)] / 1000000.0),
        case when t.mode = 'full' and num_nulls(t.bound_from, t.bound_to) = 2 then t.records_inserted + t.records_updated + t.records_unchanged end
    from sync_tasks t where t.task_id = any ($1::uuid[]) and t.mode not in ('replay', 'records')
    on conflict (connection_id, resource) do update
    set watermark = coalesce(excluded.watermark, s.watermark), updated_at = now(),
        full_records = coalesce(excluded.full_records, s.full_records))
select e.event_id, e.topic, e.key, e.value, e.event_type, e.subject, e.headers, iso_time(e.created_at)
from end_tasks($1::uuid[], array_fill('completed'::text, array[cardinality($1::uuid[])]),
    array_fill(null::text, array[cardinality($1::uuid[])]), array_fill(null::text, array[cardinality($1::uuid[])])) e
