select tenant_id from tenants where name = $1
