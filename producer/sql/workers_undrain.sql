-- $1 worker_id, $2 user_id
with done as materialized (select undrain_worker($1::uuid, actor($2::uuid)) as answer)
select case when answer is not null then 200 else 404 end as status, null::text as location,
    coalesce(answer::text, problem(404, 'unknown_worker', 'no worker with this id is in the fleet', '{worker_id}')) as body,
    null::text as dispatch
from done
