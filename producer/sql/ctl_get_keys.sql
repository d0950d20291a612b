-- $1 tenant
select k.key_id, t.name as tenant, k.name, array_to_string(k.rights, ',') as rights, k.created_at, k.expires_at, k.revoked_at
from service_keys k join tenants t using (tenant_id)
where $1::text is null or t.name = $1
order by t.name, k.created_at
