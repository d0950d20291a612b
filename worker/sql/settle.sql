-- Gives tasks back: to the queue (the slice is over, the worker ends) or to wait for a time. $1 ids, and by their places
-- $2 epoch, $3 state, $4 reason, $5 attempts, $6 milliseconds to wait.
update sync_tasks t
set state = ($3::text[])[array_position($1::uuid[], t.task_id)], owner = null,
    wait_reason = ($4::text[])[array_position($1::uuid[], t.task_id)],
    attempts = ($5::int8[])[array_position($1::uuid[], t.task_id)],
    queued_at = case when ($3::text[])[array_position($1::uuid[], t.task_id)] = 'queued' then now() end,
    due_at = case when ($3::text[])[array_position($1::uuid[], t.task_id)] = 'waiting'
        then now() + ($6::int8[])[array_position($1::uuid[], t.task_id)] * interval '1 millisecond' end
where t.task_id = any ($1::uuid[]) and t.epoch = ($2::int8[])[array_position($1::uuid[], t.task_id)]
    and t.state = 'running'
