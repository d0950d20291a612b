-- Gives tasks back: to the queue (the slice is over, the worker ends) or to wait for a time.
update sync_tasks t
set state = e.state, owner = null, wait_reason = e.reason, attempts = e.attempts,
    queued_at = case when e.state = 'queued' then now() end,
    due_at = case when e.state = 'waiting' then now() + e.wait_ms * interval '1 millisecond' end
from unnest($1::uuid[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[])
    as e(task_id, epoch, state, reason, attempts, wait_ms)
where t.task_id = e.task_id and t.task_id = any ($1::uuid[]) and t.epoch = e.epoch and t.state = 'running'
