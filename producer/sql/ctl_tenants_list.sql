select tenant_id, name, iso_time(created_at) from tenants order by name
