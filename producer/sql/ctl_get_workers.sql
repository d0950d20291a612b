select * from json_to_recordset(list_workers()) as w(worker_id uuid, host text, pid int, version text, state text, slots int,
    free_slots int, tasks int, started_at timestamptz, beat_at timestamptz, reason text)
