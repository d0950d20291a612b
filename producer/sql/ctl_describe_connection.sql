-- $1 connection_id
select json_build_object('connection_id', c.connection_id, 'tenant', n.name, 'provider', c.provider,
    'external_id', c.external_id, 'status', c.status, 'settings', c.settings, 'created_at', iso_time(c.created_at),
    'token', json_build_object('version', c.token_version, 'expires_at', iso_time(c.token_expires_at),
        'refresh_owner', c.refresh_owner, 'refresh_until', iso_time(c.refresh_until),
        'refresh_after', iso_time(c.refresh_after)),
    'paused', (select json_build_object('reason', p.reason, 'by', p.paused_by, 'at', iso_time(p.paused_at))
        from connection_pauses p where p.connection_id = c.connection_id),
    'dead_letters', (select count(*) from dead_letters d where d.connection_id = c.connection_id and d.settled is null),
    'quarantined_records', (select count(*) from dead_records d where d.connection_id = c.connection_id),
    'resources', (select coalesce(json_agg(json_build_object('resource', r.resource, 'watermark', iso_time(r.watermark),
            'full_records', r.full_records, 'full_walk_at', iso_time(r.full_walk_at),
            'withheld_records', r.withheld_records, 'updated_at', iso_time(r.updated_at)) order by r.resource), '[]')
        from resource_states r where r.connection_id = c.connection_id),
    'open_tasks', (select coalesce(json_agg(json_build_object('task_id', t.task_id, 'resource', t.resource, 'state', t.state,
            'pages', t.page, 'wait_reason', t.wait_reason) order by t.resource), '[]')
        from sync_tasks t where t.connection_id = c.connection_id and t.ended_at is null),
    'last_syncs', (select coalesce(json_agg(json_build_object('sync_id', s.sync_id, 'mode', s.mode, 'state', s.state,
            'created_at', iso_time(s.created_at), 'ended_at', iso_time(s.ended_at)) order by s.sync_id desc), '[]')
        from (select * from syncs x where x.connection_id = c.connection_id order by x.sync_id desc limit 10) s),
    'last_commands', (select coalesce(json_agg(json_build_object('at', iso_time(a.created_at), 'by', a.actor, 'action', a.action,
            'details', a.details) order by a.audit_id desc), '[]')
        from (select * from audit_logs x where x.subject = c.connection_id::text order by x.audit_id desc limit 10) a))
from connections c join tenants n using (tenant_id) where c.connection_id = $1::uuid
