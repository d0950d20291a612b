-- $1 tenant_id, $2 limit, $3 cursor: the last sync_id of the page before, $4 state, $5 provider, $6 connection_id,
-- $7 resource, $8 mode, $9 priority, $10 created_after, $11 created_before. Newest first: identifiers are in order of
-- creation, give or take what the clocks of those who make them differ by, for which there is an hour.
with found as (
    select s.*, row_number() over (order by s.sync_id desc) as place
    from syncs s
    where s.tenant_id = $1::uuid
        and s.sync_id >= coalesce(uuid_at($10::timestamptz - interval '1 hour'), '00000000-0000-0000-0000-000000000000')
        and s.sync_id < coalesce(least($3::uuid, uuid_at($11::timestamptz + interval '1 hour')),
            'ffffffff-ffff-ffff-ffff-ffffffffffff')
        and ($5::text is null or s.provider = $5::text)
        and ($6::uuid is null or s.connection_id = $6::uuid)
        and ($8::text is null or s.mode = $8::text)
        and ($9::text is null or s.backfill = ($9::text = 'backfill'))
        and ($10::timestamptz is null or s.created_at > $10::timestamptz)
        and ($11::timestamptz is null or s.created_at < $11::timestamptz)
        -- no `exists`: the planner would hash all tasks that there are
        and ($7::text is null or (select bool_or(t.resource = $7::text) from sync_members m join sync_tasks t using (task_id)
            where m.sync_id = s.sync_id))
        and ($4::text is null
            or s.state = case $4::text when 'queued' then 'running' else $4::text end
            and ($4::text not in ('queued', 'running') or ($4::text = 'running') = (
                select bool_or(t.started_at is not null) from sync_members m join sync_tasks t using (task_id)
                where m.sync_id = s.sync_id)))
    order by s.sync_id desc
    limit $2::bigint + 1),
page as (
    select f.*, t.*
    from found f cross join lateral (
        select json_agg(t.resource order by t.resource) as resources, min(t.started_at) as started_at,
            count(*) as tasks, count(*) filter (where t.ended_at is null) as unfinished,
            coalesce(sum(t.records_inserted), 0) as inserted, coalesce(sum(t.records_updated), 0) as updated,
            coalesce(sum(t.records_unchanged), 0) as unchanged, coalesce(sum(t.records_deleted), 0) as deleted,
            coalesce(sum(t.records_quarantined), 0) as quarantined
        from sync_members m join sync_tasks t using (task_id) where m.sync_id = f.sync_id) t
    where f.place <= $2::bigint),
next as (
    select replace(sync_id::text, '-', '') as cursor from page
    where place = $2::bigint and exists (select from found where place > $2::bigint))
select 200 as status,
    (select '/v1/syncs?limit=' || $2::bigint || '&cursor=' || cursor || coalesce('&state=' || $4::text, '')
        || coalesce('&provider=' || $5::text, '') || coalesce('&connection_id=' || $6::uuid, '')
        || coalesce('&resource=' || url_escaped($7::text), '') || coalesce('&mode=' || $8::text, '')
        || coalesce('&priority=' || $9::text, '') || coalesce('&created_after=' || iso_time($10::timestamptz), '')
        || coalesce('&created_before=' || iso_time($11::timestamptz), '') from next) as location,
    json_build_object(
        'syncs', coalesce((select json_agg(json_build_object(
            'sync_id', sync_id,
            'state', case when state = 'running' and started_at is null then 'queued' else state end,
            'provider', provider, 'connection_id', connection_id, 'mode', mode,
            'priority', case when backfill then 'backfill' else 'interactive' end, 'resources', coalesce(resources, '[]'),
            'source', source, 'schedule_id', case when source = 'schedule' then split_part(request_id, ':', 2) end,
            'created_at', iso_time(created_at), 'started_at', iso_time(started_at), 'ended_at', iso_time(ended_at),
            'records', json_build_object('inserted', inserted, 'updated', updated, 'unchanged', unchanged,
                'deleted', deleted, 'quarantined', quarantined),
            'rate_per_s', case when started_at is not null
                then round((inserted + updated + unchanged + deleted + quarantined)
                    / greatest(extract(epoch from coalesce(ended_at, now()) - started_at), 0.001), 1) end,
            'tasks_total', tasks, 'tasks_unfinished', unfinished,
            'href', '/v1/syncs/' || sync_id) order by place) from page), '[]'),
        'next_cursor', (select cursor from next))::text as body,
    null::text as dispatch
