-- What failing tasks leave. $1 ids, and by their places $2 epochs, $3 and $4 milliseconds since the page's first and last
-- failed try ($3 -1: the first was before this slice), $5 request, $6 status, $7 headers, $8 body: null as long as the
-- task only waits.
insert into task_evidence as e (task_id, first_failed_at, last_failed_at, request, response_status, response_headers,
    response_body)
select f.task_id, case when f.first_ms >= 0 then now() - f.first_ms * interval '1 millisecond' end,
    now() - f.last_ms * interval '1 millisecond', f.request, nullif(f.status, 0), f.headers, f.body
from unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::text[], $8::text[])
    as f(task_id, epoch, first_ms, last_ms, request, status, headers, body)
cross join lateral (
    select from sync_tasks t where t.task_id = f.task_id and t.epoch = f.epoch and t.state = 'running' offset 0) t
on conflict (task_id) do update
set first_failed_at = coalesce(excluded.first_failed_at, e.first_failed_at), last_failed_at = excluded.last_failed_at,
    request = excluded.request, response_status = excluded.response_status,
    response_headers = excluded.response_headers, response_body = excluded.response_body
