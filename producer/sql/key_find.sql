select tenant_id from service_keys where secret_sha256 = $1::bytea and revoked_at is null
