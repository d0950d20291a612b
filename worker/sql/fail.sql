-- Ends tasks that cannot go on; the fence is task, epoch and running. Locks in the order of ids.
with asked as materialized (
    select * from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[]) as e(task_id, epoch, class, message)
    order by e.task_id),
fenced as materialized (
    select t.task_id, e.class, e.message
    from asked e
    cross join lateral (
        select x.task_id from sync_tasks x
        where x.task_id = e.task_id and x.epoch = e.epoch and x.state = 'running' offset 0 for update) t),
listed as (
    select array_agg(task_id) as ids, array_agg('failed'::text) as states, array_agg(class) as classes,
        array_agg(message) as messages
    from fenced)
select e.event_id, e.topic, e.key, e.value, e.event_type, e.subject, e.headers, iso_time(e.created_at)
from listed, end_tasks(listed.ids, listed.states, listed.classes, listed.messages) e
