-- $1 provider, $2 reason. One that nobody has connected is a mistyped one.
select 200 as status,
    pause_provider($1, coalesce($2::text, 'no reason was given'), current_setting('syncfleet.actor'))::text as body
where exists (select from connections c where c.provider = $1)
union all
select 404, problem(404, 'unknown_provider', 'nobody has connected such a provider')
where not exists (select from connections c where c.provider = $1)
