select tenant_id, key_id, rights, expires_in_ms from caller_of_key($1::bytea)
