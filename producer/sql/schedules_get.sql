-- $1 schedule_id, $2 tenant_id
with found as (
    select s as schedule, s.schedule_id from schedules s where s.schedule_id = $1::uuid and s.tenant_id = $2::uuid)
select 200 as status, null::text as location,
    (schedule_document(f.schedule)::jsonb || jsonb_build_object(
        'next_ticks', to_jsonb(schedule_next_ticks(f.schedule, 5)),
        'ticks', coalesce((select jsonb_agg(jsonb_build_object('tick_at', iso_time(k.tick_at), 'outcome', k.outcome,
            'reason', k.reason, 'sync_id', k.sync_id, 'decided_at', iso_time(k.decided_at)) order by k.tick_at desc) from (
            select * from schedule_ticks t where t.schedule_id = f.schedule_id order by t.tick_at desc limit 20) k), '[]')))::text as body,
    null::text as dispatch
from found f
union all
select 404, null, problem(404, 'unknown_schedule', 'no schedule with this id belongs to the caller''s tenant', '{schedule_id}'), null
where not exists (select from found)
