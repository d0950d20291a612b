-- $1 tenant_id, $2 the token's subject; in the shape of a route's answer, as batches take it
select 200 as status, null::text as location, user_seen($1::uuid, $2::text)::text as body, null::text as dispatch
