-- The key's id stands behind the version and its own length (crypto.h).
select convert_from(substring(secret from 3 for get_byte(secret, 1)), 'UTF8') as key, count(*)
from connections where length(secret) > 2 group by key order by key
