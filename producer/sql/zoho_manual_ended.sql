-- $1 session_id, $2 tenant_id: a manual sync that was waited for
select 200, null::text, zoho_success(case s.session ->> 'status' when 'completed' then 'Manual sync completed'
    when 'cancelled' then 'Manual sync cancelled' else 'Manual sync failed' end, s.session), null::text
from (select zoho_session($1::uuid, $2::uuid) as session) s
