-- $1 connection, $2 provider, $3 resource, $4 class, $5 limit. The largest first.
select * from (
    select d.fingerprint, min(d.provider) as provider, min(d.resource) as resource, min(d.error_class) as class,
        count(*) as tasks, count(distinct d.connection_id) as connections, min(d.failed_at) as first_failed_at,
        max(d.failed_at) as last_failed_at, (array_agg(d.task_id order by d.letter_id desc))[1] as latest_task_id,
        mask_message(min(d.error_message)) as message
    from open_dead_letters(true, row(null, $1::uuid, $2::text, $3::text, $4::text, null)::letter_filter, null, null) d
    group by d.fingerprint) g
order by g.tasks desc, g.fingerprint
limit $5::bigint
