-- $1 tenant, $2 provider, $3 connection, $4 limit
select s.schedule_id, n.name as tenant, s.provider, coalesce(s.cron, s.interval_s || ' s') as every, s.time_zone, s.mode, s.missed,
    s.enabled, s.next_tick_at, s.last_tick_at, s.last_outcome, s.last_sync_id, s.connection_id, to_json(s.resources) as resources,
    s.last_reason
from schedules s join tenants n using (tenant_id)
where ($1::text is null or n.name = $1) and ($2::text is null or s.provider = $2) and ($3::uuid is null or s.connection_id = $3::uuid)
order by n.name, s.schedule_id
limit $4::bigint
