-- $1 state_id, $2 provider, or null: any
select status, location, body, dispatch from spend_consent($1::uuid, $2::text)
