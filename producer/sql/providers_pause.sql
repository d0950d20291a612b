-- $1 provider, $2 user_id, $3 reason
select 200 as status, null::text as location,
    pause_provider($1::text, coalesce($3::text, 'no reason was given'), actor($2::uuid))::text as body,
    null::text as dispatch
