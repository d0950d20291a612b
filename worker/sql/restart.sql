-- Walks that begin anew, and walk everything: their cursors are worth nothing any more. $1 ids, $2 epochs by their places.
update sync_tasks t set cursor = null, mode = 'full', restarts = t.restarts + 1
where t.task_id = any ($1::uuid[]) and t.epoch = ($2::int8[])[array_position($1::uuid[], t.task_id)]
    and t.state = 'running'
