-- A trigger puts the event into the outbox.
update connections set status = 'reauthorize', status_reason = $4, refresh_owner = null, refresh_until = null
where connection_id = $1 and token_version = $2::int8 and refresh_owner = $3 and status <> 'disconnected'
