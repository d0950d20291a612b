-- $1 task_id, $2 epoch, $3 status of the provider's answer, $4 the answer where it is kept. The task ends with it; nothing is told to Kafka.
with fenced as materialized (
    select t.task_id from sync_tasks t
    where t.task_id = $1::uuid and t.epoch = $2::int8 and t.state = 'running' for update),
told as (
    update asks set status = $3::int8, answer = $4::text where ask_id in (select task_id from fenced))
select count(*) from fenced, lateral end_tasks(array[fenced.task_id], array['completed'], array[null::text], array[null::text])
