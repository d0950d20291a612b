-- Refused, but whoever held the lease before may have the good pair: one more lease to wait for it.
update connections set status = 'suspect', refresh_until = now() + $4::int8 * interval '1 millisecond'
where connection_id = $1 and token_version = $2::int8 and refresh_owner = $3 and status <> 'disconnected'
