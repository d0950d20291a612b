-- $1 dead_record_id
select json_build_object('dead_record_id', d.dead_record_id, 'connection_id', d.connection_id, 'provider', d.provider,
    'resource', d.resource, 'record_id', d.record_id, 'column', d.column_name, 'reason', d.reason, 'times', d.times,
    'first_seen_at', iso_time(d.first_seen_at), 'last_seen_at', iso_time(d.last_seen_at),
    'replay_asked_at', iso_time(d.replay_asked_at), 'task_id', d.task_id,
    'raw', coalesce(valid_text(d.raw), encode(d.raw, 'base64')))
from dead_records d where d.dead_record_id = $1::uuid
