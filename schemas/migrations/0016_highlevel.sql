-- oldest binary: 0.1.0
-- HighLevel: the calls of Voice AI, its users' tables api_keys and sync_status as views, and what its routes answer.

-- The columns up to content_hash are in the order of their declaration.
create table highlevel_calls (
    connection_id uuid not null,
    tenant_id uuid not null,
    id text collate "C" not null,
    contact_id text,
    agent_id text,
    is_agent_deleted boolean,
    from_number text,
    created_at timestamptz not null,
    duration numeric,
    trial_call boolean,
    summary text,
    transcript text,
    executed_call_actions jsonb,
    extracted_data jsonb,
    translation jsonb,
    payload jsonb not null,
    content_hash bigint not null,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (connection_id, id)
);
comment on column highlevel_calls.duration is 'seconds';
comment on column highlevel_calls.executed_call_actions is 'without apiDetails, here as in payload: they hold secrets of third parties';
-- A call-log page is newest first, of one account or of all.
create index highlevel_calls_by_time on highlevel_calls (connection_id, created_at desc, id desc);
create index highlevel_calls_by_tenant on highlevel_calls (tenant_id, created_at desc, id desc);
call isolate('highlevel_calls', p_forced => false);

-- ---- connections as its users know them ----

create function touch_connection() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;
create trigger touch before update of status, settings, secret, connected_at on connections
for each row execute function touch_connection();

create view api_keys with (security_invoker = true) as
select c.connection_id as id, c.owner_user_id as user_id, c.provider as service, null::text as access_token,
    null::text as refresh_token, c.token_expires_at, c.settings ->> 'location_id' as location_id,
    c.settings ->> 'location_name' as location_name, c.settings ->> 'company_id' as company_id,
    c.status in ('active', 'suspect') as is_active, c.created_at, c.updated_at
from connections c where c.provider = 'highlevel';
comment on view api_keys is 'who has connected which location; tokens are shown to nobody';

-- ---- how a sync ended, in its users' words ----

create function highlevel_failure(p_class text, p_message text) returns text language sql immutable
return case
    when p_class = 'token' or p_class = 'auth' and p_message ~ 'scope' then 'highlevel_unauthorized'
    when p_class = 'auth' then 'grant_dead'
    when p_message ~ 'token endpoint|token request|the grant is good|client id or secret|access token in the answer'
        then 'refresh_failed'
    else 'highlevel_error' end;
comment on function highlevel_failure is 'what a task''s error is to HighLevel''s users; messages are the worker''s';

create function highlevel_failure_text(p_code text, p_message text) returns text language sql immutable
return case p_code
    when 'highlevel_unauthorized' then 'HighLevel API error: 401 Unauthorized'
    when 'highlevel_error' then 'HighLevel API error: ' || coalesce(p_message, 'unknown')
    else 'Failed to refresh token' end;

create index syncs_of_highlevel on syncs (connection_id, sync_id desc) where provider = 'highlevel';

-- One row a sync that has ended: its outcome as sync_status, the sync's answer and the list of users tell it.
create view highlevel_outcomes with (security_invoker = true) as
select s.sync_id, s.tenant_id, s.connection_id, s.state, s.created_at, s.ended_at, t.*,
    highlevel_failure(t.error_class, t.error_message) as failure
from syncs s cross join lateral (
    select min(t.started_at) as started_at, coalesce(sum(t.records_inserted), 0) as inserted,
        coalesce(sum(t.records_updated), 0) as updated, coalesce(sum(t.records_unchanged), 0) as unchanged,
        coalesce(sum(t.records_quarantined), 0) as quarantined, min(t.error_class) as error_class,
        min(t.error_message) as error_message
    from sync_members m join sync_tasks t using (task_id) where m.sync_id = s.sync_id) t
where s.provider = 'highlevel' and s.mode <> 'replay' and s.ended_at is not null;

create view sync_status with (security_invoker = true) as
select distinct on (coalesce(c.owner_user_id, c.connection_id)) c.connection_id as id, c.provider as service,
    c.owner_user_id as user_id, o.ended_at as last_sync_at,
    case when o.state = 'completed' then 'success' else 'failure' end as last_sync_status,
    case o.state when 'completed' then 'Synced ' || o.inserted + o.updated + o.unchanged || ' calls'
        when 'cancelled' then 'The sync was cancelled'
        else highlevel_failure_text(o.failure, o.error_message) end as last_sync_message,
    least(o.inserted + o.updated + o.unchanged, 2147483647)::int as records_synced, c.created_at, o.ended_at as updated_at
from connections c cross join lateral (
    select x.sync_id from syncs x
    where x.connection_id = c.connection_id and x.provider = 'highlevel' and x.ended_at is not null and x.mode <> 'replay'
    order by x.sync_id desc limit 1) last
cross join lateral (select * from highlevel_outcomes h where h.sync_id = last.sync_id) o
where c.provider = 'highlevel'
order by coalesce(c.owner_user_id, c.connection_id), o.ended_at desc;
comment on view sync_status is 'the last sync of each user that has ended';

grant select on api_keys, highlevel_outcomes, sync_status to syncfleet_api;
