-- The cursor and the counters of the pages whose rows were just written.
update sync_tasks t
set page = e.page, cursor = e.cursor, records_inserted = t.records_inserted + e.inserted,
    records_updated = t.records_updated + e.updated, records_unchanged = t.records_unchanged + e.unchanged,
    records_quarantined = t.records_quarantined + e.quarantined,
    expected_records = coalesce(e.expected, t.expected_records), attempts = 0, takeovers = 0
from unnest($1::uuid[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[])
    as e(task_id, page, cursor, inserted, updated, unchanged, quarantined, expected)
where t.task_id = e.task_id and t.task_id = any ($1::uuid[])
