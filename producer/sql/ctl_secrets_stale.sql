-- $1 after this connection, $2 id of the key that seals now, $3 how many.
select connection_id, tenant_id, secret from connections
where connection_id > $1
    and case when length(secret) > 2 then substring(secret from 3 for get_byte(secret, 1)) <> convert_to($2, 'UTF8') end
order by connection_id limit $3::int8
