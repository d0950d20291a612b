-- oldest binary: 0.1.0
-- PracticePanther as its users know it: the state of the token that a tenant has, manual syncs, and their audit. A tenant has one
-- token: that of the connection which was authorised last.

-- ---- words ----

create function plural(p_count bigint, p_one text) returns text language sql immutable
return p_count || ' ' || p_one || case when p_count = 1 then '' else 's' end;

create function duration_words(p interval) returns text language sql immutable
return case
    when p < interval '1 minute' then '< 1 minute'
    when p < interval '1 hour' then plural(extract(epoch from p)::bigint / 60, 'minute')
    when p < interval '1 day' then plural(extract(epoch from p)::bigint / 3600, 'hour')
    else plural(extract(epoch from p)::bigint / 86400, 'day') end;

create function ago_words(p timestamptz) returns text language sql stable
return case when now() - p < interval '1 minute' then 'Just now' else duration_words(now() - p) || ' ago' end;

-- ---- what the end of a sync leaves in audit_logs ----

alter table syncs add audit_action text, add audit_actor text;
comment on column syncs.audit_action is 'its end is in audit_logs as <this>_COMPLETED or <this>_FAILED; null: it is not';
call show_columns('syncs');

-- {"contacts": {"synced": 25, "errors": 0}, ...}: records that came and were kept, and those that were not; a resource that
-- failed is one more.
create function sync_results(p_sync_id uuid) returns json language sql stable
return (select json_object_agg(t.resource, json_build_object(
        'synced', t.records_inserted + t.records_updated + t.records_unchanged,
        'errors', t.records_quarantined + (t.state = 'failed')::int) order by t.resource)
    from sync_members m join sync_tasks t using (task_id) where m.sync_id = p_sync_id);

-- Of a sync that has ended.
create function sync_report(s syncs) returns jsonb language sql stable
return (select jsonb_build_object('results', sync_results(s.sync_id),
        'total_synced', coalesce(sum(t.records_inserted + t.records_updated + t.records_unchanged), 0),
        'sync_duration', duration_words(s.ended_at - s.created_at),
        'error', case when s.state = 'cancelled' then 'the sync was cancelled'
            else string_agg(t.resource || ': ' || t.error_message, '; ' order by t.resource) filter (where t.state = 'failed') end)
    from sync_members m join sync_tasks t using (task_id) where m.sync_id = s.sync_id);

create function audit_sync() returns trigger language plpgsql as $$
begin
    perform audit(new.tenant_id, new.audit_actor,
        new.audit_action || case when new.state = 'completed' then '_COMPLETED' else '_FAILED' end, new.sync_id::text, sync_report(new));
    return null;
end $$;
call open_to_callers('audit_sync');
create trigger audit_end after update of ended_at on syncs for each row
when (new.audit_action is not null and new.ended_at is not null and old.ended_at is null) execute function audit_sync();

-- ---- the token ----

create function practicepanther_connection(p_tenant_id uuid) returns connections language sql stable
return (select c from connections c
    where c.tenant_id = p_tenant_id and c.provider = 'practicepanther' and may_touch(c.tenant_id, c.owner_user_id)
    order by c.status = 'disconnected', c.connected_at desc, c.connection_id limit 1);

create function practicepanther_token_state(c connections) returns text language sql stable
return case
    when c.connection_id is null or c.status = 'disconnected' then 'no_token'
    when c.status = 'reauthorize' then 'dead'
    when c.token_expires_at <= now() then 'expired'
    else 'valid' end;

create function practicepanther_token_words(c connections) returns text language sql stable
return case practicepanther_token_state(c)
    when 'no_token' then 'No token found'
    when 'dead' then 'Token no longer valid: complete OAuth setup again'
    when 'expired' then 'Token expired: it is refreshed by the next sync'
    else 'Token valid' || coalesce(' for ' || case
        when c.token_expires_at < now() + interval '1 hour' then 'less than 1 hour'
        else plural(round(extract(epoch from c.token_expires_at - now()) / 3600)::bigint, 'hour') end, '') end;

-- A route's answer: {"connection_id": null, or where the token is}.
create function practicepanther_own(p_tenant_id uuid) returns table (status int, location text, body text, dispatch text)
language plpgsql stable as $$
declare
    c connections := practicepanther_connection(p_tenant_id);
begin
    return query select 200, null::text,
        json_build_object('connection_id', c.connection_id, 'state', practicepanther_token_state(c))::text, null::text;
end $$;

-- ---- syncs ----

create index syncs_of_practicepanther on syncs (connection_id, sync_id) where provider = 'practicepanther';

create function practicepanther_sync_words(s syncs, p_report jsonb) returns text language sql stable
return case s.state
    when 'completed' then plural((p_report ->> 'total_synced')::bigint, 'item') || ' synced successfully'
    when 'cancelled' then 'Sync cancelled'
    else 'Sync failed: ' || (p_report ->> 'error') end;

-- How a manual sync ended: 200; before that a 404.
create function practicepanther_synced(p_sync_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    s syncs;
    v_report jsonb;
begin
    select * into s from syncs x where x.sync_id = p_sync_id and x.tenant_id = p_tenant_id and x.ended_at is not null
        and may_touch(x.tenant_id, null);
    if s.sync_id is null then
        return query select 404, null::text, problem(404, 'unknown_sync', 'no sync with this id has ended'), null::text;
        return;
    end if;
    v_report := sync_report(s);
    return query select 200, null::text, json_build_object('success', s.state = 'completed', 'status', s.state,
        'message', case when s.state = 'completed' then 'Sync completed successfully' else practicepanther_sync_words(s, v_report) end,
        'sync_id', s.sync_id, 'results', sync_results(s.sync_id), 'total_synced', v_report -> 'total_synced',
        'sync_duration', v_report -> 'sync_duration')::text, null::text;
end $$;

create function practicepanther_trigger_sync(p_sync_id uuid, p_tenant_id uuid, p_user_id uuid, p_contacts boolean, p_matters boolean,
    p_tasks boolean, p_traceparent text, p_direct boolean)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections := practicepanther_connection(p_tenant_id);
    v_resources text[] := array_remove(array[case when p_contacts then 'contacts' end, case when p_matters then 'matters' end,
        case when p_tasks then 'tasks' end], null);
begin
    case practicepanther_token_state(c)
    when 'no_token' then
        body := problem(400, 'no_token', 'complete OAuth setup first before syncing');
    when 'dead' then
        body := problem(400, 'dead_token', 'complete OAuth setup again before syncing');
    else
        if v_resources = '{}' then
            body := problem(400, 'nothing_to_sync', 'choose at least one of sync_contacts, sync_matters and sync_tasks');
        end if;
    end case;
    if body is not null then
        status := 400;
        return next;
        return;
    end if;
    select a.status, a.location, a.body, a.dispatch into status, location, body, dispatch
    from accept_sync(p_sync_id, p_tenant_id, 'http', null, c.connection_id, 'practicepanther', v_resources, 'incremental',
        p_traceparent, p_direct) a;
    if status = 202 then
        update syncs set audit_action = 'PP_MANUAL_SYNC', audit_actor = actor(p_user_id) where sync_id = p_sync_id;
        body := json_build_object('success', true, 'status', 'running', 'message', 'Sync started', 'sync_id', p_sync_id,
            'status_url', '/api/admin/pp-token/status');
    end if;
    return next;
end $$;

-- ---- what the admin's page shows ----

create function practicepanther_last_sync(p_connection_id uuid) returns json language plpgsql stable as $$
declare
    s syncs;
    v_report jsonb;
begin
    select * into s from syncs x where x.connection_id = p_connection_id and x.provider = 'practicepanther' and x.mode <> 'replay'
        and x.ended_at is not null order by x.sync_id desc limit 1;
    if s.sync_id is null then
        return null;
    end if;
    v_report := sync_report(s);
    return json_build_object('sync_id', s.sync_id, 'status', s.state, 'ago', ago_words(s.ended_at), 'at', iso_time(s.ended_at),
        'message', practicepanther_sync_words(s, v_report), 'results', sync_results(s.sync_id),
        'total_synced', v_report -> 'total_synced', 'sync_duration', v_report -> 'sync_duration');
end $$;

create function practicepanther_current_sync(p_connection_id uuid) returns json language plpgsql stable as $$
begin
    return (select json_build_object('sync_id', s.sync_id, 'message', 'Sync in progress', 'started_at', iso_time(s.created_at),
            'results', sync_results(s.sync_id), 'href', '/v1/syncs/' || s.sync_id)
        from syncs s where s.connection_id = p_connection_id and s.provider = 'practicepanther' and s.ended_at is null
        order by s.sync_id desc limit 1);
end $$;

create function practicepanther_next_sync(c connections) returns json language plpgsql stable as $$
declare
    v_tick timestamptz := (select min(x.next_tick_at) from schedules x where x.connection_id = c.connection_id);
begin
    return json_build_object('message', case
            when practicepanther_token_state(c) in ('no_token', 'dead') then 'Not available: complete OAuth setup first'
            when v_tick is null then 'Available immediately'
            else 'Scheduled; available immediately, too' end,
        'at', case when practicepanther_token_state(c) not in ('no_token', 'dead') then iso_time(v_tick) end);
end $$;

create function practicepanther_status(p_tenant_id uuid) returns table (status int, location text, body text, dispatch text)
language plpgsql stable as $$
declare
    c connections := practicepanther_connection(p_tenant_id);
    v_has_token boolean := practicepanther_token_state(c) <> 'no_token';
begin
    return query select 200, null::text, json_build_object(
        'status', practicepanther_token_state(c), 'message', practicepanther_token_words(c),
        'can_sync', practicepanther_token_state(c) in ('valid', 'expired'),
        'connection_id', c.connection_id,
        'connected_at', case when v_has_token then iso_time(c.connected_at) end,
        'expires_at', case when v_has_token then iso_time(c.token_expires_at) end,
        'last_sync', practicepanther_last_sync(c.connection_id),
        'current_sync', practicepanther_current_sync(c.connection_id),
        'next_sync', practicepanther_next_sync(c))::text, null::text;
end $$;

-- ---- connecting ----

-- Stores what a consent brought, as connect_account does. What came to PracticePanther's own callback is told in its words.
create function practicepanther_connect(p_connection_id uuid, p_tenant_id uuid, p_user_id uuid, p_confined boolean, p_provider text,
    p_external_id text, p_settings jsonb, p_secret bytea, p_life_s bigint, p_own_callback boolean)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections;
begin
    select a.status, a.location, a.body, a.dispatch into status, location, body, dispatch
    from connect_account(p_connection_id, p_tenant_id, p_user_id, p_confined, p_provider, p_external_id, p_settings, p_secret,
        p_life_s) a;
    if status in (200, 201) then
        perform audit(p_tenant_id, actor(p_user_id), 'PP_OAUTH_CONNECTED', p_connection_id::text, '{}');
        select * into c from connections x where x.connection_id = p_connection_id;
        if p_own_callback then
            body := json_build_object('success', true, 'message', 'OAuth setup completed: PracticePanther can be synced now',
                'status', practicepanther_token_state(c), 'token', practicepanther_token_words(c),
                'expires_at', iso_time(c.token_expires_at), 'connection_id', c.connection_id);
        end if;
    end if;
    return next;
end $$;

create function practicepanther_disconnected(p_connection_id uuid, p_tenant_id uuid, p_user_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
begin
    if c.connection_id is null then
        return query select 404, null::text, unknown_connection('{connection_id}'), null::text;
        return;
    end if;
    perform audit(p_tenant_id, actor(p_user_id), 'PP_OAUTH_DISCONNECTED', p_connection_id::text, '{}');
    return query select 200, null::text, json_build_object('success', true, 'message', 'PracticePanther is disconnected',
        'status', practicepanther_token_state(c), 'connection_id', c.connection_id)::text, null::text;
end $$;

call open_to_callers('practicepanther_own');
call open_to_callers('practicepanther_synced');
call open_to_callers('practicepanther_trigger_sync');
call open_to_callers('practicepanther_status');
call open_to_callers('practicepanther_connect');
call open_to_callers('practicepanther_disconnected');
