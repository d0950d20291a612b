-- $1 ask_id, $2 tenant_id, $3 context
with told as (select a.* from zoho_answered($1::uuid, $2::uuid) a),
known as (select m from told, json_array_elements(answer -> 'modules') m),
checks as (
    select 1 as n, 'connection' as name, null::text as fault
    union all
    select 2, 'api_connectivity', problem::json ->> 'detail' from told
    union all
    select 3, 'module ' || w.name, case when k.m is null then 'Zoho CRM has no such module'
        when not (k.m ->> 'api_supported')::boolean then 'the module has no API'
        when not (k.m ->> 'viewable')::boolean then 'the user may not see the module' end
    from told, jsonb_array_elements_text($3::text::jsonb -> 'modules') w(name) left join known k on lower(k.m ->> 'api_name') = lower(w.name)
    where problem is null)
select case when t.status = 504 then 504 else 200 end, null::text, case when t.status = 504 then t.problem else zoho_success(
    case when exists (select from checks where fault is not null) then 'Sync configuration is not valid' else 'Sync configuration is valid' end,
    json_build_object('valid', not exists (select from checks where fault is not null), 'connection_id', t.connection_id,
        'checks', (select json_agg(json_build_object('name', name, 'status', case when fault is null then 'passed' else 'failed' end,
            'message', fault) order by n, name) from checks))) end, null::text
from told t
