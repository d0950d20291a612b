-- Walks that begin drop what others of the resource have left; walks that end drop all (no walk is 0). By their places
-- $1 connection, $2 resource, $3 walk.
delete from seen_pages s
where s.ctid = any (array(
    select x.ctid from unnest($1::uuid[], $2::text[], $3::int8[]) as w(connection_id, resource, walk)
    cross join lateral (select y.ctid from seen_pages y
        where y.connection_id = w.connection_id and y.resource = w.resource and y.walk <> w.walk offset 0) x))
