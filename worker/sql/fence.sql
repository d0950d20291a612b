-- The first statement of a page's transaction: locks the tasks in the order of their ids and says where they stand.
select array_position($1::uuid[], t.task_id) as ord, t.epoch, t.page, t.state
from sync_tasks t where t.task_id = any ($1::uuid[])
order by t.task_id for update
