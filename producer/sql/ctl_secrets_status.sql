-- The key's id stands behind the version and its own length (crypto.h).
select convert_from(substring(secret from 3 for get_byte(secret, 1)), 'UTF8') as key, count(*)
from (
    select secret from connections
    union all
    select secret from webhooks
    union all
    select old_secret from webhooks where overlap_until > now()) s (secret)
where length(secret) > 2 group by key order by key
