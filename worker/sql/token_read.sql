select secret, token_version, (extract(epoch from token_expires_at) * 1000000)::int8 as token_expires_us,
    status = 'reauthorize' as reauthorize
from connections where connection_id = $1
