-- $1 ask_id, $2 tenant_id, $3 context. First who asks, then what his profile may.
with told as (select a.*, a.answer #> '{users,0,profile}' as profile, a.answer #> '{profiles,0}' as rights
    from zoho_answered($1::uuid, $2::uuid) a),
views as (
    select m.module, coalesce(bool_or((p.one ->> 'enabled')::boolean), false) as enabled
    from jsonb_array_elements_text($3::text::jsonb -> 'modules') m(module)
    left join lateral json_array_elements((select rights -> 'permissions_details' from told)) p(one)
        on lower(p.one ->> 'name') = 'crm_implied_view_' || m.module or lower(p.one ->> 'module') = m.module and p.one ->> 'display_label' = 'View'
    group by m.module)
select case when t.problem is not null then t.status when t.name = 'current_user' then 102 else 200 end, null::text,
    case when t.problem is not null then t.problem
        when t.name = 'current_user' then zoho_question(t.connection_id, 'profile', jsonb_build_object('id', t.profile ->> 'id'),
            $3::text::jsonb)
        else zoho_success('CRM permissions retrieved', json_build_object('connection_id', t.connection_id,
            'profile', json_build_object('id', t.rights -> 'id', 'name', t.rights -> 'name'),
            'has_required_permissions', not exists (select from views where not enabled),
            'missing_permissions', coalesce((select json_agg('view ' || module order by module) from views where not enabled), '[]'),
            'modules', (select json_object_agg(module, json_build_object('view', enabled) order by module) from views),
            'permissions', t.rights -> 'permissions_details')) end, null::text
from told t
