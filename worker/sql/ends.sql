-- Tasks that were completed, by provider, before those that fail are counted.
select count_completed($1::jsonb)
