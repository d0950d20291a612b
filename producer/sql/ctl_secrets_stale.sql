-- $1 after this connection or webhook, $2 id of the key that seals now, $3 how many; a webhook may have two secrets.
with stale as (
    select s.id, s.tenant_id, s.secret
    from (
        select connection_id, tenant_id, secret from connections
        union all
        select webhook_id, tenant_id, secret from webhooks
        union all
        select webhook_id, tenant_id, old_secret from webhooks where overlap_until > now()) s (id, tenant_id, secret)
    where s.id > $1
        and case when length(s.secret) > 2 then substring(s.secret from 3 for get_byte(s.secret, 1)) <> convert_to($2, 'UTF8') end)
select id, tenant_id, secret from stale
where id in (select distinct x.id from stale x order by x.id limit $3::int8 / 2)
order by id
