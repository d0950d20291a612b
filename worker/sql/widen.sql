-- Tasks that walk everything although only what changed was asked for: a complete walk was due.
update sync_tasks set mode = 'full' where task_id = any ($1::uuid[])
