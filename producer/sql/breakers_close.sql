-- $1 provider, $2 user_id
select 200 as status, null::text as location, close_breaker($1::text, actor($2::uuid))::text as body,
    null::text as dispatch
