-- $1 ask_id, $2 tenant_id, $3 context
select coalesce(a.status, 200), null::text, coalesce(a.problem, zoho_success('Authentication token refreshed', json_build_object(
    'connection_id', a.connection_id, 'token', zoho_token(a.connection_id)))), null::text
from zoho_answered($1::uuid, $2::uuid) a where $3::text is not null
