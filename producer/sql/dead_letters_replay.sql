-- $1 whether the caller operates the fleet, $2 user_id, $3 task ids, $4 connection_id, $5 provider, $6 resource, $7 class,
-- $8 fingerprint, $9 limit, $10 traceparent
with done as materialized (
    select replay_dead_letters($1::boolean,
        row($3::uuid[], $4::uuid, $5::text, $6::text, $7::text, $8::text)::letter_filter, $9::bigint::int, actor($2::uuid),
        $10::text) as answer)
select case when (answer ->> 'replayed')::int > 0 then 202 else 200 end as status, null::text as location,
    answer::text as body, null::text as dispatch
from done
