-- $1 provider
select json_build_object('provider', $1::text,
    'stopped', (select json_build_object('kind', s.kind, 'reason', s.reason, 'by', s.stopped_by, 'at', iso_time(s.stopped_at),
            'probe_at', iso_time(s.probe_at)) from provider_stops s where s.provider = $1),
    'dead_letters', (select count(*) from dead_letters d where d.provider = $1 and d.settled is null),
    'breaker', (select json_build_object('state', case when not b.open then 'closed' when b.open_until > now() then 'open'
            else 'half_open' end, 'openings', b.openings, 'opened_at', iso_time(b.opened_at),
            'open_until', iso_time(b.open_until), 'closed_at', iso_time(b.closed_at), 'reason', b.reason)
        from breakers b where b.provider = $1),
    'connections', (select coalesce(json_object_agg(x.status, x.n order by x.status), '{}')
        from (select c.status, count(*) as n from connections c where c.provider = $1 group by c.status) x),
    'open_tasks', (select coalesce(json_agg(json_build_object('resource', x.resource, 'state', x.state,
            'wait_reason', x.wait_reason, 'tasks', x.n) order by x.resource, x.state, x.n desc), '[]')
        from (select t.resource, t.state, t.wait_reason, count(*) as n from sync_tasks t
            where t.provider = $1 and t.ended_at is null group by t.resource, t.state, t.wait_reason) x),
    'limits', (select coalesce(json_agg(json_build_object('name', x.name, 'kind', x.kind, 'budgets', x.n,
            'closed', x.closed, 'open_at', iso_time(x.open_at)) order by x.name), '[]')
        from (select r.name, r.kind, count(*) as n,
                count(*) filter (where r.closed_until_us > extract(epoch from now()) * 1000000) as closed,
                to_timestamp(max(r.closed_until_us) filter (where r.closed_until_us > extract(epoch from now()) * 1000000)
                    / 1000000.0) as open_at
            from rate_budgets r where r.provider = $1 group by r.name, r.kind) x),
    'last_failures', (select coalesce(json_agg(json_build_object('task_id', t.task_id, 'resource', t.resource,
            'ended_at', iso_time(t.ended_at), 'class', t.error_class, 'message', t.error_message) order by t.task_id desc), '[]')
        from (select * from sync_tasks x where x.provider = $1 and x.state = 'failed' order by x.task_id desc limit 10) t),
    'last_commands', (select coalesce(json_agg(json_build_object('at', iso_time(a.created_at), 'by', a.actor, 'action', a.action,
            'details', a.details) order by a.audit_id desc), '[]')
        from (select * from audit_logs x where x.subject = $1 order by x.audit_id desc limit 10) a))
where exists (select from connections c where c.provider = $1) or exists (select from breakers b where b.provider = $1)
