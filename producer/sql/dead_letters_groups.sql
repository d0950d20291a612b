-- $1 whether the caller operates the fleet, $2 limit, $3 connection_id, $4 provider, $5 resource, $6 class. The largest
-- first.
with grouped as (
    select d.fingerprint, min(d.provider) as provider, min(d.resource) as resource, min(d.error_class) as class,
        mask_message(min(d.error_message)) as message, count(*) as tasks, count(distinct d.connection_id) as connections,
        min(d.failed_at) as first_at, max(d.failed_at) as last_at,
        (array_agg(d.task_id order by d.letter_id desc))[1] as latest
    from open_dead_letters($1::boolean, row(null, $3::uuid, $4::text, $5::text, $6::text, null)::letter_filter, null, null) d
    group by d.fingerprint
    order by count(*) desc, d.fingerprint limit $2::bigint)
select 200 as status, null::text as location,
    json_build_object('groups', coalesce(json_agg(json_build_object(
        'fingerprint', g.fingerprint, 'provider', g.provider, 'resource', g.resource, 'class', g.class,
        'message', g.message, 'tasks', g.tasks, 'connections', g.connections, 'first_failed_at', iso_time(g.first_at),
        'last_failed_at', iso_time(g.last_at), 'latest_task_id', g.latest,
        'href', '/v1/dead-letters?fingerprint=' || g.fingerprint) order by g.tasks desc, g.fingerprint), '[]'))::text as body,
    null::text as dispatch
from grouped g
