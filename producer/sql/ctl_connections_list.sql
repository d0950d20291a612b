select c.connection_id, t.name, c.provider, c.external_id, c.status, iso_time(c.token_expires_at), iso_time(c.created_at)
from connections c join tenants t using (tenant_id)
where $1::text is null or t.name = $1
order by t.name, c.provider, c.external_id
