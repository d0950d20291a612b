-- Where a walk of a resource without stored parents begins, or goes on with the next element of a setting. $1 connection,
-- $2 resource, $3 the parent, or ''.
select (extract(epoch from now()) * 1000000)::int8 as now_us, $3::text as parent, null::text as keys, b.token,
    b.connection_id is not null as seen, w.connection_id is not null as before, false as waits
from (select) one
left join walk_bearings b on b.connection_id = $1::uuid and b.resource = $2::text and b.parent_id = $3::text
left join walk_bearings w on w.connection_id = $1::uuid and w.resource = $2::text and w.parent_id = ''
