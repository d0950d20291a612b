-- A process that joins the fleet.
insert into workers (worker_id, host, pid, version, slots, free_slots) values ($1, $2, $3::int8, $4, $5::int8, $5::int8)
on conflict (worker_id) do update set beat_at = now()
