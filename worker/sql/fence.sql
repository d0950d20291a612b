-- The first statement of a page's transaction: locks the tasks in the order of their ids and says where they stand.
select u.ord, t.epoch, t.page, t.state
from unnest($1::uuid[]) with ordinality as u(task_id, ord) join sync_tasks t on t.task_id = u.task_id
where t.task_id = any ($1::uuid[])
order by t.task_id for update of t
