-- $1 connection_id
select tenant_id, provider from connections where connection_id = $1::uuid
