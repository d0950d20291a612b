select secret, token_version, (extract(epoch from token_expires_at - now()) * 1000000)::int8 as token_life_us,
    status in ('reauthorize', 'disconnected') as reauthorize,
    (extract(epoch from refresh_after - now()) * 1000)::int8 as throttled_ms
from connections where connection_id = $1
