-- The next quarantined records that are asked for, at least one and otherwise up to 256 KiB. $1 connection, $2 resource, $3 the
-- last one that was read, or null.
select d.dead_record_id, d.record_id, d.raw, (extract(epoch from d.last_seen_at) * 1000000)::int8
from (
    select x.*, sum(length(x.raw)) over (order by x.dead_record_id) - length(x.raw) as bytes_before
    from (
        select * from dead_records
        where connection_id = $1 and resource = $2 and replay_asked_at is not null
            and dead_record_id > coalesce($3, '00000000-0000-0000-0000-000000000000'::uuid)
        order by dead_record_id limit 100) x) d
where d.bytes_before < 262144
order by d.dead_record_id
