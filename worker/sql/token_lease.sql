-- One refresh per connection in the fleet: a row comes back to the one who may call the token endpoint.
update connections
set refresh_owner = $3, refresh_until = now() + $4::int8 * interval '1 millisecond'
where connection_id = $1 and token_version = $2::int8 and (refresh_until is null or refresh_until < now())
returning secret
