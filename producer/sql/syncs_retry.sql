select status, location, body, dispatch from retry_sync($1::uuid, $2::uuid, $3::uuid, $4::text)
