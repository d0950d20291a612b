-- $1 task_id: what operators see beside the task in its sync's document.
select json_build_object('tenant', n.name, 'provider', t.provider, 'connection_id', t.connection_id,
    'connection_status', c.status, 'worker', (select json_build_object('worker_id', w.worker_id, 'host', w.host, 'pid', w.pid,
            'beat_at', iso_time(w.beat_at)) from workers w where w.worker_id = t.owner),
    'dispatch', t.dispatch, 'repeats', t.repeats, 'epoch', t.epoch, 'attempts', t.attempts, 'takeovers', t.takeovers,
    'restarts', t.restarts, 'cursor', t.cursor, 'after_task', t.after_task, 'due_at', iso_time(t.due_at),
    'queued_at', iso_time(t.queued_at), 'traceparent', t.traceparent,
    'evidence', (select json_build_object('first_failed_at', iso_time(e.first_failed_at),
            'last_failed_at', iso_time(e.last_failed_at), 'request', e.request, 'response_status', e.response_status,
            'response_headers', e.response_headers, 'response_body', e.response_body)
        from task_evidence e where e.task_id = t.task_id),
    'dead_letter', (select json_build_object('failed_at', iso_time(d.failed_at), 'fingerprint', d.fingerprint,
            'settled', coalesce(d.settled, 'open'), 'settled_at', iso_time(d.settled_at), 'settled_by', d.settled_by,
            'settled_reason', d.settled_reason, 'replayed_by_sync', d.sync_id)
        from dead_letters d where d.task_id = t.task_id),
    'syncs', (select coalesce(json_agg(json_build_object('sync_id', s.sync_id, 'state', s.state, 'source', s.source,
            'created_at', iso_time(s.created_at)) order by s.sync_id), '[]')
        from sync_members m join syncs s using (sync_id) where m.task_id = t.task_id),
    'unsent_events', (select coalesce(json_agg(json_build_object('topic', o.topic, 'event_type', o.event_type,
            'created_at', iso_time(o.created_at)) order by o.event_id), '[]')
        from outbox o where o.subject = t.task_id::text))
from sync_tasks t join tenants n using (tenant_id) join connections c using (connection_id)
where t.task_id = $1::uuid
