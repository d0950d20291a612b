-- $1 connection_id, $2 user_id, $3 reason
with done as materialized (
    select pause_connection($1::uuid, coalesce($3::text, 'no reason was given'), actor($2::uuid)) as answer)
select case when answer is not null then 200 else 404 end as status, null::text as location,
    coalesce(answer::text, problem(404, 'unknown_connection', 'no connection with this id belongs to the caller''s tenant',
        '{connection_id}')) as body,
    null::text as dispatch
from done
