-- $1 tenant_id, $2 connection_id. A connection that cannot be asked with is not valid: that is an answer, too.
with chosen as (
    select z.connection_id, c.status, c.status_reason from zoho_chosen($1::uuid, $2::uuid) z
        join connections c on c.connection_id = z.connection_id where c.status not in ('active', 'suspect'))
select 200 as status, null::text as location, zoho_success('CRM authentication is not valid', json_build_object('valid', false,
    'connection_id', c.connection_id, 'reason', coalesce(c.status_reason, 'the account must be authorised again'),
    'token', zoho_token(c.connection_id), 'user', null)) as body, null::text as dispatch
from chosen c
union all
select a.* from zoho_ask($1::uuid, $2::uuid, 'current_user') a where not exists (select from chosen)
