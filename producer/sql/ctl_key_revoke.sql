update service_keys set revoked_at = coalesce(revoked_at, now()) where key_id = $1
returning key_id, name, iso_time(revoked_at)
