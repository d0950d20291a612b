select status, location, body, dispatch from cancel_sync($1::uuid, $2::uuid)
