-- $1 whether the caller operates the fleet, $2 user_id, $3 reason, $4 task ids, $5 connection_id, $6 provider, $7 resource,
-- $8 class, $9 fingerprint, $10 limit
select 200 as status, null::text as location,
    discard_dead_letters($1::boolean, row($4::uuid[], $5::uuid, $6::text, $7::text, $8::text, $9::text)::letter_filter,
        $10::bigint::int, actor($2::uuid), $3::text)::text as body,
    null::text as dispatch
