select closed, openings, open_ms, reason from breaker_probed($1, $2::bool, $3::int8, $4::int8, $5)
