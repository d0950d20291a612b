select e.event_id, e.topic, e.key, e.value, e.event_type, e.subject, e.headers, iso_time(e.created_at)
from reap_workers($1::int8 * interval '1 millisecond', $2::int8 * interval '1 millisecond', $3::int8::int, $4::bool) e
