insert into tenants (tenant_id, name) values ($1, $2)
