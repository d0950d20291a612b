-- Providers that somebody has connected, that fail or are stopped.
select p.provider, case when s.provider is not null then s.kind when b.provider is null then 'active'
        when b.open_until > now() then 'failing' else 'probing' end as state, c.connections, c.reauthorize, t.queued, t.running, t.waiting, d.dead_letters,
    coalesce(s.stopped_at, b.opened_at) as since, coalesce(s.probe_at, b.open_until) as until, coalesce(s.reason, b.reason) as reason
from (select provider from connections union select provider from breakers union select provider from provider_stops) p
left join breakers b on b.provider = p.provider and b.open
left join provider_stops s on s.provider = p.provider
cross join lateral (select count(*) as dead_letters from dead_letters x where x.provider = p.provider and x.settled is null) d
cross join lateral (select count(*) as connections, count(*) filter (where x.status = 'reauthorize') as reauthorize
    from connections x where x.provider = p.provider) c
cross join lateral (select count(*) filter (where x.state in ('queued', 'dispatched')) as queued,
        count(*) filter (where x.state = 'running') as running, count(*) filter (where x.state = 'waiting') as waiting
    from sync_tasks x where x.provider = p.provider and x.ended_at is null) t
order by p.provider
