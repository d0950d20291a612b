-- $1 ask_id, $2 tenant_id, $3 context
select coalesce(a.status, 200), null::text, coalesce(a.problem, zoho_success('Organization information retrieved', json_build_object(
    'connection_id', a.connection_id, 'organization', a.answer -> 'org' -> 0))), null::text
from zoho_answered($1::uuid, $2::uuid) a where $3::text is not null
