-- $1 the registry: {"providers": [{"provider": ..., "resources": [...]}]}. A breaker's own reason is for operators: it
-- quotes a provider's answer to somebody.
select 200 as status, null::text as location,
    json_build_object('providers', coalesce(json_agg(json_build_object(
        'provider', p.name, 'resources', p.resources,
        'state', case when s.provider is not null then s.kind when b.open_until > now() then 'failing'
            when b.provider is not null then 'probing' else 'active' end,
        'reason', case when s.provider is not null then s.reason when b.provider is not null then provider_is_failing(p.name) end,
        'since', iso_time(coalesce(s.stopped_at, b.opened_at)),
        'until', iso_time(case when s.provider is not null then s.probe_at when b.open_until > now() then b.open_until end))
        order by p.place), '[]'))::text as body,
    null::text as dispatch
from (
    select e.value ->> 'provider' as name, e.value -> 'resources' as resources, e.ordinality as place
    from json_array_elements($1::json -> 'providers') with ordinality e) p
left join provider_stops s on s.provider = p.name
left join breakers b on b.provider = p.name and b.open
