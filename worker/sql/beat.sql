-- The heartbeat. No row: this worker was declared dead. `others_wait` says that work waits for a slot. `gone` are its
-- tasks ($4 ids, $5 epochs) that are not its own any more, `strays` those that are its own and that it does not know
-- of: their claim was never answered. Both as id/epoch. `failing` are the open breakers, as provider/milliseconds until
-- they are half open. $6 is what breakers are judged by.
with beat as (
    update workers set beat_at = now(), leaving = $2::bool, free_slots = $3::int8, calls = $6::jsonb
    where worker_id = $1 returning worker_id)
select (select count(*) from beat) as beats,
    exists (select 1 from sync_tasks where queued_at is not null)
        or exists (select 1 from sync_tasks where state = 'dispatched' and due_at is not null) as others_wait,
    array(select m.task_id || '/' || m.epoch from unnest($4::uuid[], $5::int8[]) as m(task_id, epoch)
        where (select t.epoch = m.epoch and t.state = 'running' from sync_tasks t where t.task_id = m.task_id)
            is not true) as gone,
    array(select t.task_id || '/' || t.epoch from sync_tasks t
        where t.owner = $1 and not t.task_id = any ($4::uuid[])) as strays,
    array(select b.provider || '/' || (extract(epoch from b.open_until - now()) * 1000)::int8
        from breakers b where b.open) as failing
