select tenant_id, name, created_at from tenants order by name
