-- Compare and swap on the version: the pair must not be lost even when the lease is over.
update connections
set secret = $3::bytea, token_version = token_version + 1, refresh_owner = null, refresh_until = null,
    status = 'active', token_expires_at = to_timestamp($4::int8 / 1000000.0), settings = settings || $5::jsonb
where connection_id = $1 and token_version = $2::int8
returning token_version, (extract(epoch from token_expires_at) * 1000000)::int8
