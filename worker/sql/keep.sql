-- The ids that pages showed. By their places $1 connection, $2 resource, $3 walk, $4 page, $5 whether the walk begins with
-- it (0 or 1), $6 records of unknown id, and $7 first and $8 last place of their ids in $9. A page is there already when
-- the walk goes on in another task (a replay), whose pages count from 0: it then proves nothing, as sweep_check sees.
insert into seen_pages (connection_id, resource, walk, page, begins, unknown, hashes, first_id, last_id)
select p.connection_id, p.resource, p.walk, p.page, p.begins = 1, p.unknown, coalesce(i.hashes, '{}'), i.first_id, i.last_id
from unnest($1::uuid[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[])
    as p(connection_id, resource, walk, page, begins, unknown, first, last)
cross join lateral (
    select array_agg(hashtextextended(u.id, 0)) as hashes, min(u.id collate "C") as first_id, max(u.id collate "C") as last_id
    from unnest(($9::text[])[p.first::int:p.last::int]) as u(id)) i
on conflict (connection_id, resource, walk, page) do update
set begins = excluded.begins, unknown = excluded.unknown, hashes = excluded.hashes, first_id = excluded.first_id,
    last_id = excluded.last_id
