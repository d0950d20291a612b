-- $1 tenant, $2 provider, $3 state, $4 limit
select c.connection_id, t.name as tenant, c.provider, c.external_id, c.status, c.token_expires_at, c.created_at,
    p.reason as paused
from connections c join tenants t using (tenant_id) left join connection_pauses p using (connection_id)
where ($1::text is null or t.name = $1) and ($2::text is null or c.provider = $2) and ($3::text is null or c.status = $3)
order by t.name, c.provider, c.external_id
limit $4::bigint
