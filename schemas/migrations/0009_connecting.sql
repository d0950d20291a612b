-- oldest binary: 0.1.0
-- Connecting accounts: consents under way, what became of a connection and the events that tell it, and questions that a
-- worker asks a provider while a request waits.

alter table connections
    add connected_at timestamptz not null default now(),
    add status_reason text,
    add updated_at timestamptz not null default now(),
    add changes int not null default 0;
comment on column connections.connected_at is 'when its user authorised it last';
comment on column connections.status_reason is 'for people; null while it is well';
comment on column connections.updated_at is 'when its user, tokens, settings or status changed last';
comment on column connections.changes is 'events so far: the sequence of the next one follows';
call show_columns('connections');

-- ---- events ----

create function connection_event(c connections, p_event_id uuid, p_type text) returns text language sql stable
return json_build_object('event_id', p_event_id, 'event_type', 'connection.' || p_type, 'occurred_at', iso_time(now()),
    'connection_id', c.connection_id, 'tenant_id', c.tenant_id, 'owner_user_id', c.owner_user_id, 'provider', c.provider,
    'external_id', c.external_id, 'status', c.status, 'reason', c.status_reason, 'sequence', c.changes)::text;

-- Whoever changes a connection's state, its event is in the same transaction. After the row: a conflict may have kept it out.
create function publish_connection() returns trigger language plpgsql as $$
declare
    c connections;
    v_id uuid := uuid_v7();
    v_type text := 'connected';
begin
    if tg_op = 'UPDATE' and new.connected_at = old.connected_at then
        v_type := case when new.status in ('reauthorize', 'disconnected') then new.status
            when new.status = 'active' and old.status = 'reauthorize' then 'connected' end;
    end if;
    if v_type is null then
        return null;
    end if;
    update connections
    set changes = changes + 1, status_reason = case when status not in ('active', 'suspect') then status_reason end
    where connection_id = new.connection_id returning * into c;
    insert into outbox (event_id, topic, key, value, event_type, subject)
    values (v_id, 'sync.connections', c.connection_id::text, connection_event(c, v_id, v_type), 'connection.' || v_type,
        c.connection_id::text);
    return null;
end $$;
call open_to_callers('publish_connection');
create trigger publish_new after insert on connections for each row execute function publish_connection();
create trigger publish_change after update of status, connected_at on connections for each row
when (new.status <> old.status or new.connected_at <> old.connected_at) execute function publish_connection();

-- ---- consents ----

create table oauth_states (
    state_id uuid primary key,
    tenant_id uuid not null references tenants,
    user_id uuid references users,
    confined boolean not null,
    provider text not null,
    connection_id uuid,
    external_id text,
    settings jsonb not null,
    return_to text,
    expires_at timestamptz not null,
    spent_at timestamptz
);
create index oauth_states_by_expiry on oauth_states (expires_at);
call isolate('oauth_states', 'false');
comment on table oauth_states is 'people who were sent to an authorisation server; kept a day after the state has expired';
comment on column oauth_states.user_id is 'whose the connection will be';
comment on column oauth_states.confined is 'he may not take over what another user has connected';

create function unknown_connection(p_pointer text) returns text language sql immutable
return problem(404, 'unknown_connection', 'no connection with this id belongs to the caller''s tenant', p_pointer);

-- The connection, when it is in the scope. p_tenant_id null: whoever runs the fleet asks.
create function own_connection(p_connection_id uuid, p_tenant_id uuid) returns connections language plpgsql stable as $$
declare
    c connections;
begin
    select * into c from connections x where x.connection_id = p_connection_id
        and (p_tenant_id is null or x.tenant_id = p_tenant_id) and may_touch(x.tenant_id, x.owner_user_id);
    return c;
end $$;

-- `body` of a 200: the settings to go on with, and until when. p_owner: whose it will be; p_for: his external id, and he is
-- made when he is new; both null: who calls. Another's only by whom nothing confines to his own.
create function begin_consent(p_state_id uuid, p_tenant_id uuid, p_user_id uuid, p_provider text, p_connection_id uuid,
    p_external_id text, p_settings jsonb, p_return_to text, p_life_s bigint, p_owner uuid default null, p_for text default null)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    c connections;
    v_user uuid := p_user_id;
    v_for_other boolean := p_owner is not null or p_for is not null;
    v_settings jsonb := p_settings;
    v_until timestamptz := now() + p_life_s * interval '1 second';
begin
    if p_connection_id is not null then
        c := own_connection(p_connection_id, p_tenant_id);
        if c.connection_id is null then
            return query select 404, null::text, unknown_connection('#/connection_id'), null::text;
            return;
        elsif c.provider <> p_provider then
            return query select 422, null::text, problem(422, 'wrong_provider',
                format('the connection is one of %s, not of %s', c.provider, p_provider), '#/provider'), null::text;
            return;
        elsif p_external_id <> c.external_id then
            return query select 422, null::text, problem(422, 'wrong_account',
                'the connection is of another account; leave external_id out', '#/external_id'), null::text;
            return;
        end if;
        v_settings := c.settings || p_settings;
    end if;
    if v_for_other then
        select u.user_id into v_user from users u
        where u.tenant_id = p_tenant_id and (u.user_id = p_owner or u.external_id = p_for)
        order by u.external_id = p_for desc nulls last limit 1;
        if v_user is distinct from p_user_id and not may_touch(p_tenant_id, null) then
            return query select 403, null::text, problem(403, 'not_for_others',
                'only an admin or a service connects accounts for somebody else', '#/owner_user_id'), null::text;
            return;
        elsif v_user is null and p_for is not null then
            v_user := user_seen(p_tenant_id, p_for);
        elsif v_user is null then
            return query select 404, null::text, problem(404, 'unknown_user',
                'no user with this id belongs to the caller''s tenant', '#/owner_user_id'), null::text;
            return;
        end if;
    end if;
    delete from oauth_states where state_id in (
        select s.state_id from oauth_states s where s.expires_at < now() - interval '1 day' limit 100 for update skip locked);
    insert into oauth_states (state_id, tenant_id, user_id, confined, provider, connection_id, external_id, settings,
        return_to, expires_at)
    values (p_state_id, p_tenant_id, v_user, current_owner() is not null or v_for_other, p_provider, p_connection_id,
        coalesce(c.external_id, p_external_id), v_settings, p_return_to, v_until);
    return query select 200, null::text,
        json_build_object('settings', v_settings, 'expires_at', iso_time(v_until))::text, null::text;
end $$;

-- Exactly one callback gets the outcome `ok`. p_provider null: whichever it was begun for; a state of another provider is
-- none, and is not spent.
create function spend_consent(p_state_id uuid, p_provider text default null)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    s oauth_states;
    v_outcome text := 'ok';
begin
    update oauth_states set spent_at = now()
    where state_id = p_state_id and spent_at is null and expires_at > now() and provider = coalesce(p_provider, provider)
    returning * into s;
    if not found then
        select * into s from oauth_states x where x.state_id = p_state_id and x.provider = coalesce(p_provider, x.provider);
        v_outcome := case
            when s.state_id is null and exists (select from oauth_states x where x.state_id = p_state_id) then 'state_forged'
            when s.spent_at is null then 'state_expired' else 'state_used' end;
    end if;
    return query select 200, null::text, json_build_object('outcome', v_outcome, 'tenant_id', s.tenant_id,
        'user_id', s.user_id, 'confined', s.confined, 'provider', s.provider, 'connection_id', s.connection_id,
        'external_id', s.external_id, 'settings', s.settings, 'return_to', s.return_to)::text, null::text;
end $$;

-- ---- connections ----

create function connection_document(c connections) returns jsonb language plpgsql stable as $$
begin
    return jsonb_build_object('connection_id', c.connection_id, 'provider', c.provider, 'external_id', c.external_id,
        'status', c.status, 'status_reason', c.status_reason, 'settings', c.settings, 'owner_user_id', c.owner_user_id,
        'token_version', c.token_version, 'token_expires_at', iso_time(c.token_expires_at),
        'created_at', iso_time(c.created_at), 'connected_at', iso_time(c.connected_at),
        'paused', (select json_build_object('reason', p.reason, 'by', p.paused_by, 'since', iso_time(p.paused_at))
            from connection_pauses p where p.connection_id = c.connection_id),
        'href', '/v1/connections/' || c.connection_id);
end $$;

create function get_connection(p_connection_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
begin
    return query select case when c.connection_id is null then 404 else 200 end, null::text,
        case when c.connection_id is null then unknown_connection('{connection_id}') else connection_document(c)::text end,
        null::text;
end $$;

-- Newest first: identifiers are in order of creation. p_before: the last one of the page before.
create function list_connections(p_tenant_id uuid, p_limit bigint, p_before uuid, p_provider text, p_status text)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_found connections[] := array(
        select c from connections c
        where (p_tenant_id is null or c.tenant_id = p_tenant_id) and may_touch(c.tenant_id, c.owner_user_id)
            and (p_before is null or c.connection_id < p_before)
            and (p_provider is null or c.provider = p_provider) and (p_status is null or c.status = p_status)
        order by c.connection_id desc limit p_limit + 1);
    v_next text := case when cardinality(v_found) > p_limit then replace((v_found[p_limit]).connection_id::text, '-', '') end;
begin
    return query select 200,
        '/v1/connections?limit=' || p_limit || '&cursor=' || v_next || coalesce('&provider=' || p_provider, '')
            || coalesce('&status=' || p_status, ''),
        json_build_object(
            'connections', coalesce((select json_agg(connection_document(c) order by c.connection_id desc)
                from unnest(v_found[:p_limit]) c), '[]'),
            'next_cursor', v_next)::text, null::text;
end $$;

-- A secret is sealed for one connection: whoever stores it must know that connection's id before.
create function account_connection(p_tenant_id uuid, p_provider text, p_external_id text)
returns table (status int, location text, body text, dispatch text)
language sql stable
begin atomic
    select 200, null::text, json_build_object('connection_id', (select c.connection_id from connections c
        where c.tenant_id = p_tenant_id and c.provider = p_provider and c.external_id = p_external_id))::text, null::text;
end;

-- A new account, or the new tokens of a known one. A 409 `connection_changed`: another connection got that account
-- meanwhile, and the secret must be sealed for it. p_life_s: of the access token, null: unknown.
create function connect_account(p_connection_id uuid, p_tenant_id uuid, p_user_id uuid, p_confined boolean, p_provider text,
    p_external_id text, p_settings jsonb, p_secret bytea, p_life_s bigint)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    c connections;
    v_created boolean;
begin
    insert into connections as x (connection_id, tenant_id, owner_user_id, provider, external_id, settings, secret,
        token_expires_at)
    values (p_connection_id, p_tenant_id, p_user_id, p_provider, p_external_id, p_settings, p_secret,
        now() + p_life_s * interval '1 second')
    on conflict (tenant_id, provider, external_id) do update
    set secret = excluded.secret, token_version = x.token_version + 1, token_expires_at = excluded.token_expires_at,
        settings = x.settings || excluded.settings, status = 'active', refresh_owner = null, refresh_until = null,
        refresh_after = null, connected_at = now()
    where x.connection_id = excluded.connection_id and (not p_confined or x.owner_user_id = p_user_id)
    returning x.* into c;
    if c.connection_id is not null then
        v_created := c.token_version = 1;
        return query select case when v_created then 201 else 200 end,
            case when v_created then '/v1/connections/' || c.connection_id end,
            (connection_document(c) || jsonb_build_object('result', case when v_created then 'created' else 'updated' end))::text,
            null::text;
    elsif exists (select from connections x where x.connection_id = p_connection_id) then
        return query select 409, null::text, problem(409, 'account_taken',
            'another user of the tenant has connected this account', '#/external_id'), null::text;
    else
        return query select 409, null::text, problem(409, 'connection_changed',
            'somebody else has connected this account just now', '#/external_id'), null::text;
    end if;
end $$;

-- From here on nobody uses it: its live tasks are cancelled. `body` of a 200: the sealed secret, for withdrawing the tokens
-- before disconnect_done forgets it; null when that was done before.
create function disconnect(p_connection_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
    v_tasks uuid[];
begin
    if c.connection_id is null then
        return query select 404, null::text, unknown_connection('{connection_id}'), null::text;
        return;
    end if;
    update connections x
    set status = 'disconnected', status_reason = 'it was disconnected', refresh_owner = null, refresh_until = null
    where x.connection_id = p_connection_id returning * into c;
    select array_agg(live.task_id) into v_tasks from (
        select t.task_id from sync_tasks t where t.connection_id = p_connection_id and t.ended_at is null
        order by t.task_id for update) live;
    if v_tasks is not null then
        update outbox set due_at = now() where event_id in (select e.event_id
            from end_tasks(v_tasks, array_fill('cancelled'::text, array[cardinality(v_tasks)]),
                array_fill(null::text, array[cardinality(v_tasks)]),
                array_fill('the connection was disconnected'::text, array[cardinality(v_tasks)])) e);
    end if;
    return query select 200, null::text, json_build_object('provider', c.provider, 'external_id', c.external_id,
        'settings', c.settings, 'secret', nullif(translate(encode(c.secret, 'base64'), E'\n', ''), ''))::text, null::text;
end $$;

create function disconnect_done(p_connection_id uuid, p_tenant_id uuid, p_revocation text)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
begin
    if c.connection_id is null then
        return query select 404, null::text, unknown_connection('{connection_id}'), null::text;
        return;
    end if;
    -- A refresh that is under way must not put its pair in the place of what is wiped: the version is a new one.
    update connections x
    set secret = '', token_version = x.token_version + (length(x.secret) > 0)::int, token_expires_at = null
    where x.connection_id = p_connection_id and x.status = 'disconnected'
    returning * into c;
    if not found then
        return query select 409, null::text, problem(409, 'connection_changed',
            'somebody has connected this account again just now'), null::text;
        return;
    end if;
    return query select 200, null::text,
        (connection_document(c) || jsonb_build_object('revocation', p_revocation))::text, null::text;
end $$;

-- ---- asks ----

-- A task of mode `ask` makes one call and leaves the answer here; it has no sync, no event and no dead letter.
create table asks (
    ask_id uuid primary key,
    tenant_id uuid not null,
    connection_id uuid not null,
    name text not null,
    status int,
    answer text,
    created_at timestamptz not null default now()
);
create index asks_by_age on asks (created_at);
call isolate('asks');
comment on column asks.ask_id is 'that of its task';
comment on column asks.status is 'of the provider''s answer, when it was a good one; task_evidence has the others';

create function ask_document(a asks) returns text language sql stable
return (select json_build_object('ask_id', a.ask_id, 'connection_id', a.connection_id, 'name', a.name,
    'state', case when t.ended_at is not null then t.state when t.started_at is null then 'queued' else 'running' end,
    'ok', case when t.ended_at is not null then t.state = 'completed' end,
    'status', coalesce(a.status, e.response_status), 'answer', a.answer::json,
    'error', case when t.error_class is not null
        then json_build_object('class', t.error_class, 'message', t.error_message) end,
    'created_at', iso_time(a.created_at), 'ended_at', iso_time(t.ended_at), 'href', '/v1/asks/' || a.ask_id)::text
    from sync_tasks t left join task_evidence e using (task_id) where t.task_id = a.ask_id);

-- Asks, or joins who is asking the same with the same arguments just now. `dispatch` holds the message of a new task: it does
-- not stand in line.
-- The arguments stand where other tasks have their cursor; questions with different ones are different questions.
create function ask_connection(p_ask_id uuid, p_tenant_id uuid, p_connection_id uuid, p_name text, p_arguments jsonb,
    p_traceparent text)
returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
    v_resource text := 'ask_' || p_name || coalesce('_' || left(md5(p_arguments::text), 16), '');
    v_ask asks;
    v_old uuid[];
begin
    if c.connection_id is null then
        return query select 404, null::text, unknown_connection('{connection_id}'), null::text;
        return;
    elsif c.status not in ('active', 'suspect') then
        return query select 409, null::text, problem(409, 'connection_' || c.status,
            'the account must be authorised again', '{connection_id}'), null::text;
        return;
    end if;
    with old as (
        delete from asks where ask_id in (
            select a.ask_id from asks a join sync_tasks t on t.task_id = a.ask_id
            where a.created_at < now() - interval '10 minutes' and t.ended_at is not null
            order by a.created_at limit 20 for update of a skip locked)
        returning ask_id)
    select array_agg(ask_id) into v_old from old;
    delete from task_evidence where task_id = any (v_old);
    delete from sync_tasks where task_id = any (v_old);

    insert into sync_tasks (task_id, tenant_id, connection_id, provider, resource, mode, state, dispatch, due_at, cursor, traceparent)
    values (p_ask_id, c.tenant_id, p_connection_id, c.provider, v_resource, 'ask', 'dispatched', 1,
        now() + dispatch_delay(0), p_arguments::text, p_traceparent)
    on conflict (connection_id, resource, (after_task is null)) where ended_at is null and mode <> 'records' do nothing;
    if found then
        insert into asks (ask_id, tenant_id, connection_id, name)
        values (p_ask_id, c.tenant_id, p_connection_id, p_name) returning * into v_ask;
        dispatch := concat('[', task_message(p_ask_id, 1, c.provider, v_resource, p_connection_id, c.tenant_id, 'ask',
            p_traceparent), ']');
    else
        select a.* into v_ask from asks a join sync_tasks t on t.task_id = a.ask_id
        where t.connection_id = p_connection_id and t.resource = v_resource and t.ended_at is null;
        if not found then
            return query select 503, null::text, problem(503, 'database_busy',
                'the same question was answered this moment; ask again'), null::text;
            return;
        end if;
    end if;
    status := 202;
    location := '/v1/asks/' || v_ask.ask_id;
    body := ask_document(v_ask);
    return next;
end $$;

create function get_ask(p_ask_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text)
language plpgsql stable as $$
declare
    a asks;
    v_body text;
begin
    select x.* into a from asks x
    where x.ask_id = p_ask_id and (own_connection(x.connection_id, p_tenant_id)).connection_id is not null;
    if a.ask_id is null then
        return query select 404, null::text,
            problem(404, 'unknown_ask', 'no such question of the caller''s, or it is too old', '{ask_id}'), null::text;
        return;
    end if;
    v_body := ask_document(a);
    return query select case when v_body::json ->> 'ended_at' is null then 202 else 200 end, null::text, v_body, null::text;
end $$;

-- Of these, those that have ended: for whoever waits for them.
create function asks_ended(p_ids uuid[]) returns setof uuid
language sql stable
begin atomic
    select t.task_id from sync_tasks t where t.task_id = any (p_ids) and t.ended_at is not null;
end;

-- The callback has no scope: what it may do follows from a state that this service signed, and that is spent once.
call open_to_callers('begin_consent');
call open_to_callers('spend_consent');
call open_to_callers('account_connection');
call open_to_callers('connect_account');
call open_to_callers('get_connection');
call open_to_callers('list_connections');
call open_to_callers('disconnect');
call open_to_callers('disconnect_done');
call open_to_callers('ask_connection');
call open_to_callers('get_ask');
call open_to_callers('asks_ended');
