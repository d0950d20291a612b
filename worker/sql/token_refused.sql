update connections set status = 'reauthorize', refresh_owner = null, refresh_until = null
where connection_id = $1 and token_version = $2::int8 and refresh_owner = $3
