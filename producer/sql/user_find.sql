-- $1 the tenant's id or $2 its name, $3 the token's subject
select tenant_id, user_id from caller_of_token($1::uuid, $2::text, $3::text)
