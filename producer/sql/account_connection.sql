-- $1 tenant_id, $2 provider, $3 external_id
select status, location, body, dispatch from account_connection($1::uuid, $2::text, $3::text)
