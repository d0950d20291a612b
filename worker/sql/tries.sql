-- How often tasks that are about to fail were tried: their dead letters say so.
update sync_tasks t set attempts = e.attempts
from unnest($1::uuid[], $2::int8[], $3::int8[]) as e(task_id, epoch, attempts)
where t.task_id = e.task_id and t.epoch = e.epoch and t.state = 'running'
