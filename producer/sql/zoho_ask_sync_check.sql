-- $1 tenant_id, $2 connection_id, $3 modules, $4 registry. A connection that cannot be asked with is a finding, not an error.
with chosen as (
    select z.connection_id, c.status, c.status_reason from zoho_chosen($1::uuid, $2::uuid) z
        join connections c on c.connection_id = z.connection_id where c.status not in ('active', 'suspect')),
wanted as (
    select coalesce($3::text[], zoho_resources($4::text::jsonb)) as modules,
        zoho_unknown_modules($3::text[], zoho_resources($4::text::jsonb)) as unknown)
select 422 as status, null::text as location, problem(422, 'unknown_module', format('these modules are not synced: %s', w.unknown),
    '#/modules') as body, null::text as dispatch
from wanted w where w.unknown is not null
union all
select 200, null, zoho_success('Sync configuration is not valid', json_build_object('valid', false, 'connection_id', c.connection_id,
    'checks', json_build_array(json_build_object('name', 'connection', 'status', 'failed',
        'message', coalesce(c.status_reason, 'the account must be authorised again'))))), null
from chosen c, wanted w where w.unknown is null
union all
select a.* from wanted w, zoho_ask($1::uuid, $2::uuid, 'modules', null, jsonb_build_object('modules', w.modules)) a
where w.unknown is null and not exists (select from chosen)
