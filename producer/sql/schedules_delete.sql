select status, location, body, dispatch from delete_schedule($1::uuid, $2::uuid)
