select schedule_id::text, iso_time(tick_at), outcome::text, reason, sync_id::text from run_schedules($1::text[], $2::text[], $3::int8::int)
