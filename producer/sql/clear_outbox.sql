delete from outbox where event_id = any ($1::uuid[])
