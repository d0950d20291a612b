-- The walks that wait for one that has ended go on. $1 connection.
update sync_tasks t set due_at = now()
where t.task_id = any (array(
    select x.task_id from sync_tasks x
    where x.connection_id = $1 and x.ended_at is null and x.state = 'waiting' and x.wait_reason = walk_waits()
    order by x.task_id for update skip locked))
