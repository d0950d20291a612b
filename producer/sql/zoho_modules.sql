-- $1 ask_id, $2 tenant_id, $3 context
select coalesce(a.status, 200), null::text, coalesce(a.problem, zoho_success('Available CRM modules retrieved', json_build_object(
    'connection_id', a.connection_id, 'count', json_array_length(a.answer -> 'modules'),
    'modules', (select json_agg(json_build_object('api_name', m -> 'api_name', 'module_name', m -> 'module_name',
            'singular_label', m -> 'singular_label', 'plural_label', m -> 'plural_label', 'id', m -> 'id',
            'generated_type', m -> 'generated_type', 'api_supported', m -> 'api_supported', 'viewable', m -> 'viewable',
            'creatable', m -> 'creatable', 'editable', m -> 'editable', 'deletable', m -> 'deletable',
            'synced', $3::text::jsonb -> 'synced' ? lower(m ->> 'api_name')))
        from json_array_elements(a.answer -> 'modules') m)))), null::text
from zoho_answered($1::uuid, $2::uuid) a
