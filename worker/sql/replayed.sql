-- Quarantined records that a replay has dealt with: those that it refused again are not asked for any more.
delete from dead_records where dead_record_id = any ($1::uuid[]) and replay_asked_at is not null
