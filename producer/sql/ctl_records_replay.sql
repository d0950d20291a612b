select status, body::json ->> 'sync_id', body
from replay_records($1::uuid, null, $2::uuid, $3::text, $4::uuid[], null)
