-- $1 sync_id: what operators see beside the caller's document.
select json_build_object('tenant', n.name, 'request_id', s.request_id, 'traceparent', s.traceparent,
    'shared_tasks', (select coalesce(json_agg(json_build_object('task_id', o.task_id, 'sync_id', o.sync_id)
            order by o.task_id, o.sync_id), '[]')
        from sync_members m join sync_members o using (task_id) where m.sync_id = s.sync_id and o.sync_id <> s.sync_id),
    'evidence', (select coalesce(json_agg(json_build_object('resource', t.resource, 'last_failed_at', iso_time(e.last_failed_at),
            'status', e.response_status, 'request', e.request) order by t.resource), '[]')
        from sync_members m join sync_tasks t using (task_id) join task_evidence e using (task_id)
        where m.sync_id = s.sync_id),
    'unsent_events', (select coalesce(json_agg(json_build_object('event_type', o.event_type, 'created_at', iso_time(o.created_at),
            'subject', o.subject) order by o.event_id), '[]')
        from outbox o where o.subject = s.sync_id::text or o.subject in (
            select m.task_id::text from sync_members m where m.sync_id = s.sync_id)))
from syncs s join tenants n using (tenant_id) where s.sync_id = $1::uuid
