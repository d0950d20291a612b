-- $1 the sync as its user knows it, $2 tenant_id
select status, location, body, dispatch from amazon_sync_cancel($1::text, $2::uuid)
