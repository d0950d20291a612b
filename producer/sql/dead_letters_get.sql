-- $1 task_id, $2 whether the caller operates the fleet
with found as materialized (select dead_letter($2::boolean, $1::uuid) as letter)
select case when letter is not null then 200 else 404 end as status, null::text as location,
    coalesce(letter::text, problem(404, 'unknown_letter', 'no dead letter of this task is the caller''s to see', '{task_id}'))
        as body,
    null::text as dispatch
from found
