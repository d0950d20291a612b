-- Ends tasks that cannot go on; the fence is task, epoch and running.
with fenced as (
    select t.task_id, e.class, e.message
    from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[]) as e(task_id, epoch, class, message)
    join sync_tasks t on t.task_id = e.task_id and t.epoch = e.epoch and t.state = 'running'
    where t.task_id = any ($1::uuid[])
    order by t.task_id for update of t),
listed as (
    select array_agg(task_id) as ids, array_agg('failed'::text) as states, array_agg(class) as classes,
        array_agg(message) as messages
    from fenced)
select e.event_id, e.topic, e.key, e.value, e.event_type, e.subject, e.headers, iso_time(e.created_at) from listed, end_tasks(listed.ids, listed.states, listed.classes, listed.messages) e
