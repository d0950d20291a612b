-- Compare and swap on the version: the pair must not be lost even when the lease is over. $4: microseconds to live.
update connections
set secret = $3::bytea, token_version = token_version + 1, refresh_owner = null, refresh_until = null,
    status = case when status = 'disconnected' then status else 'active' end,
    token_expires_at = now() + $4::int8 * interval '1 microsecond', settings = settings || $5::jsonb
where connection_id = $1 and token_version = $2::int8
returning token_version, (extract(epoch from token_expires_at - now()) * 1000000)::int8
