select status, location, body, dispatch from replay_records($1::uuid, $2::uuid, $3::uuid, $4::text, $5::uuid[], $6::text)
