-- A process that joins the fleet; one that was drained and declared dead is drained still.
insert into workers (worker_id, host, pid, version, slots, free_slots, draining, leaving)
values ($1, $2, $3::int8, $4, $5::int8, $5::int8, $6::bool, $6::bool)
on conflict (worker_id) do update set beat_at = now()
