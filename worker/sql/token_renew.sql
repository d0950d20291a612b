update connections set refresh_until = now() + $4::int8 * interval '1 millisecond'
where connection_id = $1 and token_version = $2::int8 and refresh_owner = $3
