-- $1 sync_id, $2 tenant_id, $3 user_id, $4 the registry, $5 traceparent
select status, location, body, dispatch from amazon_sync_start($1::uuid, $2::uuid, $3::uuid, $4::json, $5::text)
