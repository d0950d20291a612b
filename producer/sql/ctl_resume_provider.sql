-- $1 provider
with done as materialized (select resume_provider($1, current_setting('syncfleet.actor')) as answer)
select case when answer ->> 'was' is null then 409 else 200 end as status,
    case when answer ->> 'was' is null then problem(409, 'not_stopped', format('%s is neither paused nor stopped', $1::text))
        else answer::text end as body
from done
