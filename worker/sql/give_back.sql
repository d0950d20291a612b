-- Tasks that this worker owns without knowing of them go back to the queue.
update sync_tasks t
set state = 'queued', owner = null, queued_at = now(), wait_reason = 'its claim was not answered'
from unnest($2::uuid[], $3::int8[]) as e(task_id, epoch)
where t.task_id = e.task_id and t.task_id = any ($2::uuid[]) and t.epoch = e.epoch and t.owner = $1
    and t.state = 'running'
