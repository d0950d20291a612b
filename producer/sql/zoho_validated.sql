-- $1 ask_id, $2 tenant_id, $3 context
select case when a.problem is null or a.class in ('auth', 'token') then 200 else a.status end, null::text,
    case when a.problem is null then zoho_success('CRM authentication is valid', json_build_object('valid', true,
            'connection_id', a.connection_id, 'reason', null, 'token', zoho_token(a.connection_id), 'user', a.answer -> 'users' -> 0))
        when a.class in ('auth', 'token') then zoho_success('CRM authentication is not valid', json_build_object('valid', false,
            'connection_id', a.connection_id, 'reason', a.problem::json ->> 'detail', 'token', zoho_token(a.connection_id), 'user', null))
        else a.problem end, null::text
from zoho_answered($1::uuid, $2::uuid) a where $3::text is not null
