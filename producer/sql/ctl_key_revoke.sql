-- $1 key_id
select status, body from revoke_key($1::uuid, null)
