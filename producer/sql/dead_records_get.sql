-- $1 dead_record_id, $2 tenant_id. The record's text as text when it is some, else in base64.
with found as (
    select d.*, valid_text(d.raw) as text from dead_records d where d.dead_record_id = $1::uuid and d.tenant_id = $2::uuid)
select 200 as status, null::text as location,
    (dead_record_summary(f.dead_record_id, f.connection_id, f.task_id, f.provider, f.resource, f.record_id, f.column_name,
        f.reason, f.raw, f.times, f.first_seen_at, f.last_seen_at, f.replay_asked_at)::jsonb
        || jsonb_build_object('raw', f.text,
            'raw_base64', case when f.text is null then translate(encode(f.raw, 'base64'), E'\n', '') end))::text as body,
    null::text as dispatch
from found f
union all
select 404, null, problem(404, 'unknown_record', 'no quarantined record with this id belongs to the caller''s tenant',
    '{dead_record_id}'), null
where not exists (select from found)
