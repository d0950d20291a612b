-- $1 key_id, $2 tenant_id, $3 name, $4 rights, $5 expires_in_s, $6 the caller's rights, $7 SHA-256 of the secret
select * from create_key($1::uuid, $2::uuid, $3::text, $4::text[], $5::bigint, $6::text[], $7::bytea)
