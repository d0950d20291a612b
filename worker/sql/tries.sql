-- How often tasks that are about to fail were tried: their dead letters say so. $1 ids, $2 epochs, $3 attempts.
update sync_tasks t set attempts = ($3::int8[])[array_position($1::uuid[], t.task_id)]
where t.task_id = any ($1::uuid[]) and t.epoch = ($2::int8[])[array_position($1::uuid[], t.task_id)]
    and t.state = 'running'
