-- $1 session_id, $2 tenant_id
select case when s.session is null then 404 else 200 end, null::text, coalesce(s.session::text, zoho_unknown_session()), null::text
from (select zoho_session(zoho_session_id($1::text), $2::uuid) as session) s
