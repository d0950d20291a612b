-- $1 tenant, $2 provider, $3 state, $4 connection, $5 resource, $6 limit. The newest first: identifiers are in order of
-- creation.
select s.sync_id, n.name as tenant, s.provider, s.mode,
    case when s.state = 'running' and t.started_at is null then 'queued' else s.state end as state,
    t.tasks, t.unfinished, t.records, s.created_at, s.ended_at, s.connection_id, t.resources, t.error
from syncs s join tenants n using (tenant_id) cross join lateral (
    select count(*) as tasks, count(*) filter (where t.ended_at is null) as unfinished, min(t.started_at) as started_at,
        coalesce(sum(t.records_inserted + t.records_updated + t.records_unchanged + t.records_deleted
            + t.records_quarantined), 0)::bigint as records,
        json_agg(t.resource order by t.resource) as resources, min(t.resource || ': ' || t.error_message) as error
    from sync_members m join sync_tasks t using (task_id) where m.sync_id = s.sync_id) t
where ($1::text is null or n.name = $1) and ($2::text is null or s.provider = $2)
    and ($3::text is null or case when s.state = 'running' and t.started_at is null then 'queued' else s.state end = $3)
    and ($4::uuid is null or s.connection_id = $4::uuid)
    and ($5::text is null or exists (select from sync_members m join sync_tasks x using (task_id)
        where m.sync_id = s.sync_id and x.resource = $5))
order by s.sync_id desc
limit $6::bigint
