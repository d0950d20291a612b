-- $1 ids, and by their places $2 what was read, $3 what replaces it; a secret that has changed meanwhile is left alone.
with b as materialized (
    select * from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as b (id, old, sealed)),
connection as (
    update connections c set secret = b.sealed from b where c.connection_id = b.id and c.secret = b.old returning 1),
webhook as (
    update webhooks w
    set secret = coalesce((select b.sealed from b where b.id = w.webhook_id and b.old = w.secret), w.secret),
        old_secret = coalesce((select b.sealed from b where b.id = w.webhook_id and b.old = w.old_secret), w.old_secret)
    where exists (select from b where b.id = w.webhook_id and b.old in (w.secret, w.old_secret)) returning 1)
select from connection union all select from webhook
