-- $1 provider
with done as materialized (select close_breaker($1, current_setting('syncfleet.actor')) as answer)
select case when (answer ->> 'closed')::boolean then 200 else 409 end as status,
    case when (answer ->> 'closed')::boolean then answer::text
        else problem(409, 'breaker_not_open', format('the breaker of %s is not open: see syncctl get breakers', $1::text)) end as body
from done
