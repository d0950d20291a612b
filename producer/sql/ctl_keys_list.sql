select k.key_id, t.name, k.name, array_to_string(k.rights, ','), iso_time(k.created_at), iso_time(k.expires_at), iso_time(k.revoked_at)
from service_keys k join tenants t using (tenant_id)
where $1::text is null or t.name = $1
order by t.name, k.created_at
