-- $1 tenant, $2 connection, $3 provider, $4 resource, $5 limit
select d.dead_record_id, d.connection_id, d.provider, d.resource, d.record_id, d.column_name as column, d.last_seen_at, d.reason
from dead_records d join tenants t using (tenant_id)
where ($1::text is null or t.name = $1) and ($2::uuid is null or d.connection_id = $2::uuid)
    and ($3::text is null or d.provider = $3) and ($4::text is null or d.resource = $4)
order by d.dead_record_id desc
limit $5::bigint
