-- $1 ask_id, $2 tenant_id, $3 context
select coalesce(a.status, 200), null::text, coalesce(a.problem, zoho_success('Field metadata retrieved', json_build_object(
    'connection_id', a.connection_id, 'module', $3::text::jsonb ->> 'module', 'count', json_array_length(a.answer -> 'fields'),
    'fields', (select json_agg(zoho_field(f)) from json_array_elements(a.answer -> 'fields') f)))), null::text
from zoho_answered($1::uuid, $2::uuid) a
