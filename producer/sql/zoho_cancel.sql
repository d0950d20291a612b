-- $1 session_id, $2 tenant_id
select * from zoho_cancel($1::text, $2::uuid)
