insert into connections (connection_id, tenant_id, provider, external_id, settings, secret, token_expires_at)
values ($1, $2, $3, $4, $5::jsonb, $6, now() + $7::bigint * interval '1 second')
