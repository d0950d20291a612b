select body::jsonb ->> 'key_id', body::jsonb ->> 'name', body::jsonb ->> 'revoked_at' from revoke_key($1::uuid, null) where status = 200
