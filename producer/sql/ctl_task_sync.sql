-- $1 task_id: one of its syncs.
select m.sync_id from sync_members m where m.task_id = $1::uuid order by m.sync_id limit 1
