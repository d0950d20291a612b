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

grant select on api_keys, highlevel_outcomes, sync_status to syncfleet_api, syncfleet_fleet;

-- ---- refusals, in its users' words (producer/systems/dialects.c) ----

create function highlevel_refusal(p_code text, p_detail text default null)
returns table (status int, location text, body text, dispatch text) language sql stable
begin atomic
    select r.status, null::text, problem(r.status, p_code, coalesce(p_detail, r.detail)), null::text
    from (values
        ('not_own_user', 403, 'userId must be the caller''s own, unless an admin or a service calls'),
        ('no_connection', 404, 'The user has no connection: reconnect via the Admin Users page'),
        ('no_location', 422, 'The connection says no location: disconnect and reconnect to get it'),
        ('grant_dead', 401, 'The refresh token is invalid or expired: re-authorize the connection'),
        ('refresh_failed', 502, 'The token could not be refreshed now: try again later'),
        ('highlevel_unauthorized', 502, 'The access token is invalid, or lacks a scope: re-authorize the connection with all scopes'),
        ('highlevel_error', 502, 'HighLevel does not answer as it should'),
        ('sync_cancelled', 409, 'The sync was cancelled'),
        ('wrong_dates', 422, 'startDate must be before endDate, and endDate after 1970'),
        ('wrong_cursor', 422, 'cursor must be the nextCursor of a page')) as r (code, status, detail)
    where r.code = p_code;
end;

-- ---- whose connection ----

-- A user by his external id, as tokens name him, or by ours; null: none that the caller may see.
create function highlevel_user(p_tenant_id uuid, p_user text) returns uuid language plpgsql stable as $$
declare
    v_user uuid;
begin
    select u.user_id into v_user from users u where u.tenant_id = p_tenant_id and u.external_id = p_user;
    if v_user is null and p_user ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select u.user_id into v_user from users u where u.tenant_id = p_tenant_id and u.user_id = p_user::uuid;
    end if;
    return v_user;
end $$;

create type highlevel_target as (user_id uuid, connection_id uuid, location_id text, refusal text);

-- The connection that is meant by a user: the one that he has authorised last. `refusal`: why nothing can be done with it.
create function highlevel_target(p_tenant_id uuid, p_user text) returns highlevel_target language plpgsql stable as $$
declare
    v_target highlevel_target;
    v_status text;
begin
    v_target.user_id := highlevel_user(p_tenant_id, p_user);
    select c.connection_id, c.settings ->> 'location_id', c.status
    into v_target.connection_id, v_target.location_id, v_status
    from connections c
    where c.owner_user_id = v_target.user_id and c.provider = 'highlevel' and c.status <> 'disconnected'
    order by c.connected_at desc limit 1;
    v_target.refusal := case
        when v_target.user_id is null and current_owner() is not null then 'not_own_user'
        when v_target.connection_id is null then 'no_connection'
        when v_status = 'reauthorize' then 'grant_dead'
        when v_target.location_id is null then 'no_location' end;
    return v_target;
end $$;

-- `body` of a 200: the connection. p_whole: it must know its location, too.
create function highlevel_connection(p_tenant_id uuid, p_user text, p_whole boolean)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_target highlevel_target := highlevel_target(p_tenant_id, p_user);
begin
    if v_target.refusal is not null and (p_whole or v_target.refusal <> 'no_location') then
        return query select * from highlevel_refusal(v_target.refusal);
    else
        return query select 200, null::text, json_build_object('connection_id', v_target.connection_id)::text, null::text;
    end if;
end $$;

-- ---- syncs ----

create function highlevel_running(p_sync_id uuid) returns text language sql immutable
return json_build_object('success', true, 'status', 'running', 'message', 'The sync is in progress', 'syncId', p_sync_id,
    'href', '/v1/syncs/' || p_sync_id)::text;

create function highlevel_sync(p_sync_id uuid, p_tenant_id uuid, p_user text, p_from timestamptz, p_to timestamptz,
    p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_target highlevel_target := highlevel_target(p_tenant_id, p_user);
begin
    if v_target.refusal is not null then
        return query select * from highlevel_refusal(v_target.refusal);
    elsif p_from >= p_to or p_to <= 'epoch' then
        return query select * from highlevel_refusal('wrong_dates');
    else
        return query select a.status, a.location, case when a.status = 202 then highlevel_running(p_sync_id) else a.body end,
            a.dispatch
        from accept_sync(p_sync_id, p_tenant_id, 'http', null, v_target.connection_id, 'highlevel', '{call_logs}',
            case when p_from is null and p_to is null then 'incremental' else 'full' end, p_traceparent, false,
            p_from => p_from, p_to => p_to) a;
    end if;
end $$;

create function highlevel_sync_result(p_sync_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    o highlevel_outcomes;
begin
    select * into o from highlevel_outcomes x where x.sync_id = p_sync_id and x.tenant_id = p_tenant_id;
    if not found then
        return query select 404, null::text, problem(404, 'unknown_sync', 'no sync with this id has ended'), null::text;
    elsif o.state = 'completed' then
        return query select 200, null::text, json_build_object('success', true, 'status', 'success',
            'message', 'Synced ' || o.inserted + o.updated + o.unchanged || ' calls', 'syncId', p_sync_id,
            'recordsSynced', o.inserted + o.updated + o.unchanged, 'callsNew', o.inserted, 'callsUpdated', o.updated,
            'callsUnchanged', o.unchanged, 'callsRefused', o.quarantined, 'startedAt', iso_time(o.started_at),
            'endedAt', iso_time(o.ended_at), 'href', '/v1/syncs/' || p_sync_id)::text, null::text;
    else
        return query select r.status, null::text, (r.body::jsonb || jsonb_build_object('syncId', p_sync_id))::text, null::text
        from highlevel_refusal(case when o.state = 'cancelled' then 'sync_cancelled' else o.failure end,
            case when o.failure = 'highlevel_error' then o.error_message end) r;
    end if;
end $$;

-- ---- questions ----

-- What became of a refresh or a test of a connection that a worker was asked for.
create function highlevel_asked(p_ask_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_ask jsonb;
    v_refresh boolean;
    v_failure text;
    k api_keys;
begin
    select g.body::jsonb into v_ask from get_ask(p_ask_id, p_tenant_id) g;
    select * into k from api_keys x where x.id = (v_ask ->> 'connection_id')::uuid;
    v_refresh := v_ask ->> 'name' = 'refresh';
    if v_ask ->> 'ok' is null then
        return query select 202, v_ask ->> 'href', json_build_object('success', true, 'status', 'running',
            'message', case when v_refresh then 'The token is being refreshed' else 'The token is being tested' end,
            'userId', k.user_id, 'href', v_ask ->> 'href')::text, null::text;
    elsif (v_ask ->> 'ok')::boolean then
        return query select 200, null::text, json_build_object('success', true,
            'message', case when v_refresh then 'Token refreshed' else 'Token is valid' end, 'valid', true,
            'userId', k.user_id, 'locationId', k.location_id,
            'locationName', k.location_name, 'expiresAt', iso_time(k.token_expires_at))::text, null::text;
    else
        v_failure := highlevel_failure(v_ask #>> '{error,class}', v_ask #>> '{error,message}');
        if v_refresh and v_failure <> 'grant_dead' then
            v_failure := 'refresh_failed';
        end if;
        return query select * from highlevel_refusal(v_failure, case when v_failure in ('refresh_failed', 'highlevel_error')
            then v_ask #>> '{error,message}' end);
    end if;
end $$;

-- Keeps what people call the location, as a worker was told. `body`: nothing of interest.
create function highlevel_name(p_ask_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_ask jsonb;
begin
    select g.body::jsonb into v_ask from get_ask(p_ask_id, p_tenant_id) g where g.status = 200;
    update connections c
    set settings = c.settings || jsonb_build_object('location_name', v_ask #>> '{answer,location,name}')
    where c.connection_id = (v_ask ->> 'connection_id')::uuid and may_touch(c.tenant_id, c.owner_user_id)
        and c.provider = 'highlevel' and v_ask #>> '{answer,location,id}' = c.settings ->> 'location_id'
        and v_ask #>> '{answer,location,name}' is distinct from c.settings ->> 'location_name';
    return query select case when v_ask is null then 404 else 200 end, null::text, '{}'::text, null::text;
end $$;
call open_to_callers('highlevel_name');

-- ---- users ----

create function highlevel_seen(p_connection_id uuid) returns jsonb language sql stable
begin atomic
    with latest as (
        select h.agent_id, h.from_number, h.created_at from highlevel_calls h
        where h.connection_id = p_connection_id order by h.created_at desc, h.id desc limit 1000)
    select jsonb_build_object(
        'agents', (select coalesce(jsonb_agg(jsonb_build_object('agentId', a.agent_id, 'calls', a.calls,
                'lastCallAt', iso_time(a.last)) order by a.calls desc, a.agent_id), '[]')
            from (select agent_id, count(*) as calls, max(created_at) as last from latest where agent_id is not null
                group by agent_id order by 2 desc, 1 limit 20) a),
        'phoneNumbers', (select coalesce(jsonb_agg(jsonb_build_object('number', n.from_number, 'calls', n.calls,
                'lastCallAt', iso_time(n.last)) order by n.calls desc, n.from_number), '[]')
            from (select from_number, count(*) as calls, max(created_at) as last from latest where from_number is not null
                group by from_number order by 2 desc, 1 limit 20) n));
end;
comment on function highlevel_seen is 'agents and numbers of the latest thousand calls, the busiest first';

create function highlevel_user_document(u users) returns jsonb language plpgsql stable as $$
declare
    c record;
    s sync_status;
    v_status text;
    v_message text;
begin
    select x.connection_id, x.status, x.status_reason, x.settings, x.token_expires_at, x.connected_at into c
    from connections x where x.owner_user_id = u.user_id and x.provider = 'highlevel'
    order by x.status = 'disconnected', x.connected_at desc limit 1;
    select * into s from sync_status x where x.user_id = u.user_id;
    v_status := case
        when c.connection_id is null or c.status = 'disconnected' then 'Not Connected'
        when c.status = 'reauthorize' or c.settings ->> 'location_id' is null then 'Needs Reconnect'
        when c.token_expires_at <= now() then 'Expired'
        else 'Connected' end;
    v_message := case v_status
        when 'Needs Reconnect' then coalesce(c.status_reason, 'No location ID found for user')
        when 'Expired' then 'The token has expired; the next sync refreshes it' end;
    return jsonb_build_object('status', v_status, 'connected', v_status in ('Connected', 'Expired'), 'message', v_message,
            'location', case when v_status <> 'Not Connected' then jsonb_build_object('id', c.settings ->> 'location_id',
                'name', c.settings ->> 'location_name', 'companyId', c.settings ->> 'company_id') end,
            'tokenExpiresAt', case when v_status <> 'Not Connected' then iso_time(c.token_expires_at) end,
            'connectedAt', case when v_status <> 'Not Connected' then iso_time(c.connected_at) end,
            'lastSync', case when s.id is not null then jsonb_build_object('at', iso_time(s.last_sync_at),
                'status', s.last_sync_status, 'message', s.last_sync_message, 'recordsSynced', s.records_synced) end)
        || case when v_status = 'Not Connected' then '{"agents": [], "phoneNumbers": []}' else highlevel_seen(c.connection_id) end;
end $$;

-- One user's failure hides no other, nor himself.
create function highlevel_user_status(u users) returns jsonb language plpgsql stable as $$
declare
    v_user jsonb := jsonb_build_object('userId', u.user_id, 'externalId', u.external_id, 'createdAt', iso_time(u.created_at),
        'connectUrl', '/functions/v1/oauth-start?userId=' || u.user_id);
begin
    return v_user || highlevel_user_document(u);
exception when others then
    return v_user || jsonb_build_object('status', 'Not Connected', 'connected', false,
        'message', 'The status of this user could not be read', 'location', null, 'tokenExpiresAt', null, 'connectedAt', null,
        'lastSync', null, 'agents', '[]'::jsonb, 'phoneNumbers', '[]'::jsonb);
end $$;

create function highlevel_users(p_tenant_id uuid, p_limit bigint, p_before uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_found users[] := array(
        select u from users u where u.tenant_id = p_tenant_id and (p_before is null or u.user_id < p_before)
        order by u.user_id desc limit p_limit + 1);
    v_next text := case when cardinality(v_found) > p_limit then replace((v_found[p_limit]).user_id::text, '-', '') end;
begin
    return query select 200, '/functions/v1/admin-users?limit=' || p_limit || '&cursor=' || v_next,
        json_build_object('users', coalesce((select json_agg(highlevel_user_status(u) order by u.user_id desc)
            from unnest(v_found[:p_limit]) u), '[]'), 'nextCursor', v_next)::text, null::text;
end $$;

-- All of the user's; HighLevel has no way to withdraw tokens.
create function highlevel_disconnect(p_tenant_id uuid, p_user text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_target highlevel_target := highlevel_target(p_tenant_id, p_user);
    v_connections uuid[] := array(select c.connection_id from connections c where c.owner_user_id = v_target.user_id
        and c.provider = 'highlevel' and c.status <> 'disconnected' order by c.connection_id);
    v_connection uuid;
begin
    if v_target.refusal in ('not_own_user', 'no_connection') then
        return query select * from highlevel_refusal(v_target.refusal);
        return;
    end if;
    foreach v_connection in array v_connections loop
        perform * from disconnect(v_connection, p_tenant_id);
        perform * from disconnect_done(v_connection, p_tenant_id, 'unsupported');
    end loop;
    return query select 200, null::text, json_build_object('success', true, 'message', 'Disconnected',
        'userId', v_target.user_id, 'status', 'Not Connected')::text, null::text;
end $$;

-- ---- calls ----

-- Newest first. The cursor is the last call of the page before; p_action is one of the kinds of actions that were executed.
create function highlevel_calls_page(p_tenant_id uuid, p_limit bigint, p_cursor text, p_user text, p_from timestamptz,
    p_to timestamptz, p_agent text, p_contact text, p_number text, p_type text, p_action text, p_shortest bigint)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_user uuid := highlevel_user(p_tenant_id, p_user);
    v_connections uuid[];
    v_at timestamptz;
    v_id text;
    v_connection uuid;
    v_calls jsonb;
    v_next text;
begin
    if p_user is not null and v_user is null then
        return query select * from highlevel_refusal(case when current_owner() is null then 'no_connection' else 'not_own_user' end);
        return;
    end if;
    if p_cursor is not null then
        begin
            select ('epoch'::timestamptz + split_part(t, ' ', 1)::bigint * interval '1 microsecond'), split_part(t, ' ', 2)::uuid,
                substr(t, length(split_part(t, ' ', 1)) + 39)
            into strict v_at, v_connection, v_id from convert_from(decode(p_cursor, 'hex'), 'UTF8') t;
        exception when others then
            return query select * from highlevel_refusal('wrong_cursor');
            return;
        end;
    end if;
    if v_user is not null then
        v_connections := array(select c.connection_id from connections c
            where c.owner_user_id = v_user and c.provider = 'highlevel');
    end if;
    -- Of the filters only those that are given: each has its plan.
    execute 'select jsonb_agg(to_jsonb(x) order by x.place) from (select row_number() over () as place, h.* from (
        select h.*, c.owner_user_id, c.settings ->> ''location_id'' as location_id
        from highlevel_calls h join connections c using (connection_id)
        where h.tenant_id = $1 and h.deleted_at is null'
        || case when cardinality(v_connections) = 1 then ' and h.connection_id = ($2)[1]' -- in the order of its index
            when v_connections is not null then ' and h.connection_id = any ($2)' else '' end
        || case when p_cursor is not null then ' and (h.created_at, h.id, h.connection_id) < ($3, $4, $5)' else '' end
        || case when p_from is not null then ' and h.created_at >= $6' else '' end
        || case when p_to is not null then ' and h.created_at < $7' else '' end
        || case when p_agent is not null then ' and h.agent_id = $8' else '' end
        || case when p_contact is not null then ' and h.contact_id = $9' else '' end
        || case when p_number is not null then ' and h.from_number = $10' else '' end
        || case when p_type is not null then ' and coalesce(h.trial_call, false) = ($11 = ''TRIAL'')' else '' end
        || case when p_action is not null
            then ' and h.executed_call_actions @> jsonb_build_array(jsonb_build_object(''actionType'', $12))' else '' end
        || case when p_shortest is not null then ' and h.duration >= $13' else '' end
        || ' order by h.created_at desc, h.id desc, h.connection_id desc limit $14 + 1) h) x'
    into v_calls
    using p_tenant_id, v_connections, v_at, v_id, v_connection, p_from, p_to, p_agent, p_contact, p_number, p_type, p_action,
        p_shortest, p_limit;
    if jsonb_array_length(v_calls) > p_limit then
        v_next := (select encode(convert_to((extract(epoch from (l ->> 'created_at')::timestamptz) * 1000000)::bigint || ' '
            || (l ->> 'connection_id') || ' ' || (l ->> 'id'), 'UTF8'), 'hex') from (select v_calls -> (p_limit - 1)::int as l) t);
    end if;
    return query select 200, '/functions/v1/highlevel-calls?limit=' || p_limit || '&cursor=' || v_next
            || coalesce('&userId=' || url_escaped(p_user), '') || coalesce('&startDate=' || iso_time(p_from), '')
            || coalesce('&endDate=' || iso_time(p_to), '') || coalesce('&agentId=' || url_escaped(p_agent), '')
            || coalesce('&contactId=' || url_escaped(p_contact), '') || coalesce('&fromNumber=' || url_escaped(p_number), '')
            || coalesce('&callType=' || p_type, '') || coalesce('&actionType=' || p_action, '')
            || coalesce('&minDuration=' || p_shortest, ''),
        json_build_object('calls', coalesce((
            select json_agg(json_build_object('id', l ->> 'id', 'userId', l ->> 'owner_user_id', 'locationId', l ->> 'location_id',
                'contactId', l ->> 'contact_id', 'agentId', l ->> 'agent_id', 'isAgentDeleted', l -> 'is_agent_deleted',
                'fromNumber', l ->> 'from_number', 'createdAt', iso_time((l ->> 'created_at')::timestamptz),
                'duration', l -> 'duration', 'trialCall', l -> 'trial_call', 'summary', l ->> 'summary',
                'transcript', l ->> 'transcript', 'executedCallActions', l -> 'executed_call_actions',
                'extractedData', l -> 'extracted_data', 'translation', l -> 'translation') order by n)
            from jsonb_array_elements(v_calls) with ordinality as e (l, n) where n <= p_limit), '[]'),
            'nextCursor', v_next)::text, null::text;
end $$;
