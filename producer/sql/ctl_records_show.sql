select d.dead_record_id, d.connection_id, d.resource, d.record_id, d.column_name, d.reason, d.times::text,
    coalesce(valid_text(d.raw), encode(d.raw, 'base64'))
from dead_records d where d.dead_record_id = $1
