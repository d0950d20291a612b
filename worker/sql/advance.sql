-- The cursor and the counters of the pages whose rows were just written. $1 ids, and by their places $2 page, $3 cursor,
-- $4 inserted, $5 updated, $6 unchanged, $7 quarantined, $8 expected (see end_tasks for why by places).
update sync_tasks t
set page = ($2::int8[])[array_position($1::uuid[], t.task_id)],
    cursor = ($3::text[])[array_position($1::uuid[], t.task_id)],
    records_inserted = t.records_inserted + ($4::int8[])[array_position($1::uuid[], t.task_id)],
    records_updated = t.records_updated + ($5::int8[])[array_position($1::uuid[], t.task_id)],
    records_unchanged = t.records_unchanged + ($6::int8[])[array_position($1::uuid[], t.task_id)],
    records_quarantined = t.records_quarantined + ($7::int8[])[array_position($1::uuid[], t.task_id)],
    expected_records = coalesce(($8::int8[])[array_position($1::uuid[], t.task_id)], t.expected_records),
    attempts = 0, takeovers = 0
where t.task_id = any ($1::uuid[])
