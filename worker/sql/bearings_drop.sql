-- A walk of everything has come to its end: parents that it did not meet are not there any more, and are new when they come
-- back. $1 connections, $2 resources, $3 when the walks began (microseconds).
delete from walk_bearings w
where w.ctid = any (array(
    select x.ctid from unnest($1::uuid[], $2::text[], $3::int8[]) as b(connection_id, resource, began)
    cross join lateral (select y.ctid from walk_bearings y
        where y.connection_id = b.connection_id and y.resource = b.resource and y.parent_id <> ''
            and y.updated_at < to_timestamp(b.began / 1000000.0) offset 0) x))
