insert into service_keys (key_id, tenant_id, name, secret_sha256) values ($1, $2, $3, $4)
