-- $1 key_id, $2 tenant_id, $3 name, $4 rights, $5 expires_in_s, $6 SHA-256 of the secret
select body::jsonb ->> 'expires_at' from create_key($1::uuid, $2::uuid, $3::text, string_to_array($4::text, ','), $5::bigint,
    null, $6::bytea)
