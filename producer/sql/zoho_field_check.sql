-- $1 ask_id, $2 tenant_id, $3 context: the fields by name, or all custom ones. A field that nobody may see is not configured.
with told as (select a.* from zoho_answered($1::uuid, $2::uuid) a),
known as (select f, f ->> 'api_name' as name from told, json_array_elements(answer -> 'fields') f),
wanted as (
    select w.name from jsonb_array_elements_text(nullif($3::text::jsonb -> 'fields', 'null')) w(name)
    union all
    select k.name from known k where nullif($3::text::jsonb -> 'fields', 'null') is null and (k.f ->> 'custom_field')::boolean),
checked as (
    select w.name, k.f, array_remove(array[
        case when k.f is null then 'the field does not exist' end,
        case when not (k.f ->> 'visible')::boolean then 'the field is hidden' end,
        case when not (k.f -> 'view_type' ->> 'view')::boolean then 'the field is in no view' end], null) as issues
    from wanted w left join known k using (name))
select coalesce(t.status, 200), null::text, coalesce(t.problem, zoho_success(
    case when exists (select from checked where issues <> '{}') then 'Field validation found issues' else 'Fields are configured' end,
    json_build_object('connection_id', t.connection_id, 'module', $3::text::jsonb ->> 'module',
        'valid', not exists (select from checked where issues <> '{}'),
        'missing', coalesce((select json_agg(name order by name) from checked where f is null), '[]'),
        'fields', coalesce((select json_agg(json_build_object('api_name', name, 'exists', f is not null, 'configured', issues = '{}',
            'data_type', f -> 'data_type', 'issues', issues) order by name) from checked), '[]')))), null::text
from told t
