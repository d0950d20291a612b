-- What ended walks of parents leave ($1 connections, $2 resources, $3 parents, $4 tokens or null), and when walks that have
-- come to their end began ($5 microseconds; 0: this one has not).
insert into walk_bearings as w (connection_id, resource, parent_id, token, began_at)
select distinct on (b.connection_id, b.resource, b.parent_id) b.connection_id, b.resource, b.parent_id, b.token,
    case when b.began > 0 then to_timestamp(b.began / 1000000.0) end
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int8[]) with ordinality
    as b(connection_id, resource, parent_id, token, began, ord)
order by b.connection_id, b.resource, b.parent_id, b.ord desc
on conflict (connection_id, resource, parent_id) do update
set token = coalesce(excluded.token, w.token), began_at = coalesce(excluded.began_at, w.began_at), updated_at = now()
