-- Events that nobody has sent, or whose acknowledgement never came: sent again, and again later unless deleted.
with due as (
    select event_id from outbox where due_at <= now() order by event_id limit 500 for update skip locked),
taken as (
    update outbox o set due_at = now() + 4 * resend_delay() where o.event_id = any (array(select event_id from due)) returning o.*)
select event_id, topic, key, value, event_type, subject, headers, iso_time(created_at) from taken order by event_id
