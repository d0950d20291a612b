-- $1 key_id, $2 tenant_id
select * from revoke_key($1::uuid, $2::uuid)
