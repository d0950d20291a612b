-- oldest binary: 0.1.0
-- Zoho as its users know it: sessions and health; the further modules' tables.

-- ---- modules ----

do $$
declare
    v_table text;
begin
    foreach v_table in array array['zoho_tasks', 'zoho_events', 'zoho_calls', 'zoho_products', 'zoho_vendors', 'zoho_price_books', 'zoho_quotes', 'zoho_sales_orders', 'zoho_purchase_orders', 'zoho_invoices', 'zoho_campaigns', 'zoho_cases', 'zoho_solutions', 'zoho_notes'] loop
        call isolate(v_table, p_forced => false);
    end loop;
end $$;

-- The table of a module of an organisation's own, which zoho.modules lists; p_columns: what is declared there besides, with
-- types. Again with more columns, it adds them.
create procedure zoho_module(p_name text, p_columns text default null) language plpgsql as $$
declare
    v_table text := 'zoho_' || lower(p_name);
    v_column text;
begin
    if v_table !~ '^[a-z][a-z0-9_]{0,62}$' then
        raise exception 'zoho_module: % is no module''s name', p_name;
    end if;
    execute format('create table if not exists %I (
        connection_id uuid not null, tenant_id uuid not null, id text collate "C" not null,
        name text, owner_id text, owner_name text, created_by_id text, created_by_name text, modified_by_id text,
        modified_by_name text, created_time timestamptz, modified_time timestamptz, tag jsonb,
        payload jsonb not null, content_hash bigint not null, first_seen_at timestamptz not null default now(),
        synced_at timestamptz not null default now(), deleted_at timestamptz, primary key (connection_id, id))', v_table);
    foreach v_column in array coalesce(string_to_array(p_columns, ','), '{}') loop
        if btrim(v_column) !~ '^[a-z_][a-z0-9_]* +(text|bigint|numeric|boolean|date|timestamptz|uuid|jsonb)$' then
            raise exception 'zoho_module: "%" is no column with one of the types text, bigint, numeric, boolean, date, timestamptz, uuid, jsonb',
                btrim(v_column);
        end if;
        execute format('alter table %I add if not exists %s', v_table, v_column);
    end loop;
    if not exists (select from pg_class where oid = to_regclass(v_table) and relrowsecurity) then
        call isolate(v_table, p_forced => false);
    end if;
end $$;

-- ---- how it answers ----

create function zoho_time(p timestamptz) returns text language sql immutable
return to_char(p at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');

create function zoho_success(p_message text, p_data json) returns text language sql stable
return json_build_object('success', true, 'message', p_message, 'data', p_data, 'timestamp', zoho_time(now()))::text;

-- The organisation that is meant: the named connection, or the caller's only one. `problem` says what is wrong.
create function zoho_chosen(p_tenant_id uuid, p_connection_id uuid, out connection_id uuid, out status int, out problem text)
language plpgsql stable as $$
declare
    v_found uuid[] := array(select c.connection_id from connections c
        where c.provider = 'zoho' and c.tenant_id = p_tenant_id and (c.connection_id = p_connection_id
            or p_connection_id is null and c.status <> 'disconnected')
        order by c.connection_id limit 2);
begin
    if cardinality(v_found) = 1 then
        connection_id := v_found[1];
    elsif cardinality(v_found) > 1 then
        status := 422;
        problem := problem(422, 'connection_required', 'several Zoho CRM organisations are connected: connection_id says which',
            '#/connection_id');
    else
        status := 404;
        problem := problem(404, 'no_connection', 'no Zoho CRM organisation is connected',
            case when p_connection_id is not null then '#/connection_id' end);
    end if;
end $$;

-- For what has an answer when nothing is connected, too: then neither a connection nor a problem.
create function zoho_chosen_or_none(p_tenant_id uuid, p_connection_id uuid, out connection_id uuid, out status int, out problem text)
language plpgsql stable as $$
begin
    select z.connection_id, z.status, z.problem into connection_id, status, problem from zoho_chosen(p_tenant_id, p_connection_id) z;
    if status = 404 and p_connection_id is null then
        status := null;
        problem := null;
    end if;
end $$;

-- A module is known by its API name, and its resource by the same in small letters.
create function zoho_resources(p_registry jsonb) returns text[] language sql immutable
return (select array_agg(r.name order by r.name) from jsonb_array_elements(p_registry -> 'providers') p
    cross join lateral jsonb_array_elements_text(p -> 'resources') r(name) where p ->> 'provider' = 'zoho');

-- Names without a resource; null: all are known.
create function zoho_unknown_modules(p_modules text[], p_resources text[]) returns text language sql immutable
return (select string_agg(m, ', ') from unnest(p_modules) m where lower(m) <> all (p_resources));

-- ---- sessions ----

create index syncs_of_zoho on syncs (connection_id, sync_id) where provider = 'zoho';
create index sync_tasks_of_records on sync_tasks (connection_id) where ended_at is null and mode = 'records';

-- The syncs of a connection that go on have live tasks, which an index knows.
create function zoho_running(p_connection_id uuid, p_tenant_id uuid) returns setof uuid language sql stable as $$
    select distinct s.sync_id
    from (select t.task_id from sync_tasks t
            where t.connection_id = p_connection_id and t.ended_at is null and t.mode <> 'records'
        union all
        select t.task_id from sync_tasks t
            where t.connection_id = p_connection_id and t.ended_at is null and t.mode = 'records') t
    join sync_members m using (task_id) join syncs s using (sync_id)
    where s.tenant_id = p_tenant_id and s.provider = 'zoho' and s.ended_at is null
$$;

-- An organisation may have synced far more often than the planner thinks of an average one: nothing is gathered to be sorted.
create function zoho_ended(p_connection_id uuid, p_tenant_id uuid, p_limit bigint) returns setof uuid language sql stable
set enable_sort = off set enable_bitmapscan = off as $$
    select s.sync_id from syncs s
    where s.connection_id = p_connection_id and s.tenant_id = p_tenant_id and s.provider = 'zoho' and s.ended_at is not null
    order by s.sync_id desc limit p_limit
$$;

-- Syncs end in nearly the order in which they were asked for: the latest end is among the last hundred, or is that of the
-- last one before them.
create function zoho_completed(p_connection_id uuid, p_tenant_id uuid) returns timestamptz language sql stable
set enable_sort = off set enable_bitmapscan = off as $$
    select coalesce(max(l.ended_at) filter (where l.state = 'completed'), (
        select s.ended_at from syncs s
        where s.connection_id = p_connection_id and s.tenant_id = p_tenant_id and s.provider = 'zoho' and s.state = 'completed'
        order by s.sync_id desc limit 1))
    from (select s.ended_at, s.state from syncs s
        where s.connection_id = p_connection_id and s.tenant_id = p_tenant_id and s.provider = 'zoho'
        order by s.sync_id desc limit 100) l
$$;

create function zoho_state(p_state text) returns text language sql immutable
return case when p_state in ('completed', 'failed', 'cancelled') then p_state else 'in_progress' end;

-- What is known of a session; null: the caller has none of that name.
create function zoho_session(p_session_id uuid, p_tenant_id uuid) returns json language plpgsql stable as $$
begin
    return (
        select json_build_object('session_id', s.sync_id, 'status', zoho_state(s.state::text),
            'progress', json_build_object('completed', g.records, 'total', g.total,
                'percentage', case when s.state = 'completed' then 100.0
                    when g.total > 0 then round(least(g.records * 100.0 / g.total, 100), 1)
                    else round(g.ended * 100.0 / greatest(g.tasks, 1), 1) end),
            'metrics', json_build_object(
                'records_per_second', round((g.records / greatest(extract(epoch from coalesce(s.ended_at, now()) - g.started_at), 0.001))::numeric, 1),
                'estimated_completion', case when s.ended_at is null then zoho_time(g.estimate) end),
            'sync_type', case when g.given then 'manual' else s.mode::text end, 'connection_id', s.connection_id,
            'started_at', zoho_time(coalesce(g.started_at, s.created_at)), 'completed_at', zoho_time(s.ended_at),
            'modules', g.modules, 'errors', coalesce(g.errors, '[]'))
        from syncs s
        cross join lateral (
            select count(*) as tasks, count(*) filter (where p.ended_at is not null) as ended, sum(p.records) as records,
                -- an ended module has as many as it showed; the whole is known when each part is
                case when count(*) filter (where p.ended_at is null and p.expected_records is null) = 0
                    then sum(case when p.ended_at is not null then p.records else greatest(p.expected_records, p.records) end) end as total,
                min(p.started_at) as started_at, bool_or(t.mode = 'records') as given,
                case when count(*) filter (where p.ended_at is null and p.estimate is null) = 0 then max(p.estimate) end as estimate,
                json_agg(json_build_object('module', p.resource, 'status', zoho_state(p.state::text), 'completed', p.records,
                    'total', case when p.ended_at is not null then p.records else p.expected_records end,
                    'created', p.records_inserted, 'updated', p.records_updated, 'unchanged', p.records_unchanged,
                    'deleted', p.records_deleted, 'quarantined', p.records_quarantined, 'waits_for', p.waits_for)
                    order by p.resource, p.task_id) as modules,
                json_agg(json_build_object('field', p.resource, 'message', p.error_message) order by p.resource)
                    filter (where p.error_class is not null) as errors
            from sync_members m join sync_tasks t using (task_id) join task_progress p using (task_id)
            where m.sync_id = s.sync_id) g
        where s.sync_id = p_session_id and s.tenant_id = p_tenant_id and s.provider = 'zoho');
end $$;

create function zoho_unknown_session() returns text language sql immutable
return problem(404, 'unknown_session', 'no sync session with this id belongs to the caller', '{session_id}');

create function zoho_session_id(p text) returns uuid language sql immutable
return case when p ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then p::uuid end;

create function zoho_start(p_sync_id uuid, p_tenant_id uuid, p_connection_id uuid, p_mode text, p_modules text[],
    p_registry jsonb, p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_chosen record := zoho_chosen(p_tenant_id, p_connection_id);
    v_resources text[] := zoho_resources(p_registry);
    v_unknown text := zoho_unknown_modules(p_modules, v_resources);
begin
    if v_chosen.problem is not null then
        return query select v_chosen.status, null::text, v_chosen.problem, null::text;
        return;
    elsif v_unknown is not null then
        return query select 422, null::text, problem(422, 'unknown_module', format('these modules are not synced: %s', v_unknown),
            '#/modules'), null::text;
        return;
    end if;
    if p_modules is not null then
        v_resources := array(select distinct lower(m) from unnest(p_modules) m);
    end if;
    select a.* into status, location, body, dispatch from accept_sync(p_sync_id, p_tenant_id, 'http', null, v_chosen.connection_id,
        'zoho', v_resources, p_mode, p_traceparent, false) a;
    if status = 202 then -- a statement of its own: only then it sees the session
        location := '/api/sync/status/' || p_sync_id;
        body := zoho_success(case p_mode when 'full' then 'Full sync started' else 'Incremental sync started' end,
            zoho_session(p_sync_id, p_tenant_id));
    end if;
    return next;
end $$;

create function zoho_cancel(p_session text, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_id uuid := zoho_session_id(p_session);
begin
    if zoho_session(v_id, p_tenant_id) is null then
        return query select 404, null::text, zoho_unknown_session(), null::text;
        return;
    end if;
    select c.status, c.body, c.dispatch into status, body, dispatch from cancel_sync(v_id, p_tenant_id) c;
    if status = 202 then
        status := 200;
        body := zoho_success('Sync session cancelled', zoho_session(v_id, p_tenant_id));
    end if;
    return next;
end $$;

-- ---- health ----

-- Of the workers' latest answers; null: none lately.
create function provider_response_ms(p_provider text) returns numeric language plpgsql stable as $$
begin
    return (select round((sum(x.n * x.ms) / nullif(sum(x.n), 0))::numeric, 1) from (
        select (w.calls #>> array[p_provider, 'answers'])::float8 as n, (w.calls #>> array[p_provider, 'answer_ms'])::float8 as ms
        from workers w where w.beat_at > now() - interval '1 minute' and w.calls ? p_provider) x);
end $$;

create function provider_is_open(p_provider text) returns boolean language plpgsql stable as $$
begin
    return exists (select from breakers b where b.provider = p_provider and b.open);
end $$;

create function zoho_health(p_tenant_id uuid, p_connection_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_chosen record := zoho_chosen_or_none(p_tenant_id, p_connection_id);
    v_tasks int;
    v_good int;
    v_rate numeric;
    v_waiting int;
    v_ms numeric := provider_response_ms('zoho');
    v_api text;
    v_tokens text;
    v_sync text;
    v_all text[];
begin
    if v_chosen.problem is not null then
        return query select v_chosen.status, null::text, v_chosen.problem, null::text;
        return;
    end if;
    v_tokens := coalesce((select case c.status when 'active' then 'healthy' when 'reauthorize' then 'unhealthy'
            when 'disconnected' then 'unknown' else 'degraded' end
        from connections c where c.connection_id = v_chosen.connection_id), 'unknown');
    -- what a day's latest syncs came to; a cancelled task says nothing
    select count(*) filter (where t.ended_at is not null), count(*) filter (where t.state = 'completed'),
        count(*) filter (where t.state = 'waiting')
    into v_tasks, v_good, v_waiting
    from (select s.sync_id from syncs s where s.connection_id = v_chosen.connection_id and s.tenant_id = p_tenant_id
            and s.provider = 'zoho' and s.sync_id > uuid_v7_floor(now() - interval '1 day')
        order by s.sync_id desc limit 1000) s
    join sync_members m using (sync_id) join sync_tasks t using (task_id)
    where t.state in ('completed', 'failed', 'waiting');
    v_rate := round(v_good::numeric / nullif(v_tasks, 0), 2);
    v_api := case when provider_is_open('zoho') then 'unhealthy' when v_waiting > 0 then 'degraded'
        when v_ms is null then 'unknown' else 'healthy' end;
    v_sync := case when v_rate is null then 'unknown' when v_rate < 0.5 then 'unhealthy' when v_rate < 0.9 then 'degraded'
        else 'healthy' end;
    v_all := array[v_api, v_tokens, v_sync];
    return query select 200, null::text, json_build_object(
        'overall_health', case when 'unhealthy' = any (v_all) then 'unhealthy' when 'degraded' = any (v_all) then 'degraded'
            when 'healthy' = any (v_all) then 'healthy' else 'unknown' end,
        'components', json_build_object('api_connectivity', v_api, 'token_status', v_tokens, 'sync_performance', v_sync),
        'metrics', json_build_object('success_rate', v_rate, 'avg_response_time_ms', v_ms))::text, null::text;
end $$;

call open_to_callers('provider_response_ms');
call open_to_callers('provider_is_open');

-- ---- what only Zoho knows ----

-- The next question, for whoever asks it: a row of status 102.
create function zoho_question(p_connection_id uuid, p_ask text, p_arguments jsonb, p_context jsonb default null) returns text
language sql immutable
return json_build_object('connection_id', p_connection_id, 'ask', p_ask, 'arguments', p_arguments, 'context', p_context)::text;
comment on function zoho_question is 'the context goes to who reads the answer';

create function zoho_ask(p_tenant_id uuid, p_connection_id uuid, p_ask text, p_arguments jsonb default null, p_context jsonb default null)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_chosen record := zoho_chosen(p_tenant_id, p_connection_id);
begin
    return query select coalesce(v_chosen.status, 102), null::text,
        coalesce(v_chosen.problem, zoho_question(v_chosen.connection_id, p_ask, p_arguments, p_context)), null::text;
end $$;

-- An API name of a module or a field, before it becomes part of a request.
create function zoho_is_name(p text) returns boolean language sql immutable
return p ~ '^[A-Za-z][A-Za-z0-9_]{0,99}$';

create function zoho_ask_of_module(p_tenant_id uuid, p_connection_id uuid, p_ask text, p_module text, p_more jsonb, p_context jsonb,
    p_pointer text)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
begin
    if zoho_is_name(p_module) then
        return query select * from zoho_ask(p_tenant_id, p_connection_id, p_ask, jsonb_build_object('module', p_module) || p_more,
            jsonb_build_object('module', p_module) || p_context);
    else
        return query select 422, null::text, problem(422, 'invalid_value', 'module must be a module''s API name', p_pointer), null::text;
    end if;
end $$;

-- An ended question's answer; a problem when it has none.
create function zoho_answered(p_ask_id uuid, p_tenant_id uuid, out connection_id uuid, out name text, out ok boolean, out answer json,
    out class text, out status int, out problem text)
language plpgsql stable as $$
declare
    v_ended boolean;
    v_message text;
begin
    select a.connection_id, a.name, t.state = 'completed', a.answer::json, t.error_class, t.ended_at is not null, t.error_message
    into connection_id, name, ok, answer, class, v_ended, v_message
    from asks a join sync_tasks t on t.task_id = a.ask_id where a.ask_id = p_ask_id and a.tenant_id = p_tenant_id;
    if not coalesce(v_ended, false) then
        status := 504;
        problem := problem(504, 'zoho_did_not_answer', 'Zoho CRM did not answer in time');
    elsif not ok and class = 'auth' then
        status := 409;
        problem := problem(409, 'connection_reauthorize', 'the account must be authorised again: ' || v_message);
    elsif not ok and v_message like 'HTTP 400%' then -- what was asked for, Zoho does not know
        status := 422;
        problem := problem(422, 'zoho_refused', 'Zoho CRM: ' || v_message);
    elsif not ok then
        status := case class when 'throttled' then 503 else 502 end;
        problem := problem(status, case class when 'throttled' then 'zoho_throttles' else 'zoho_error' end, 'Zoho CRM: ' || v_message);
    elsif answer is null and name <> 'refresh' then
        status := 502;
        problem := problem(502, 'zoho_error', 'Zoho CRM gave no answer that can be read');
    end if;
end $$;

create function zoho_token(p_connection_id uuid) returns json language sql stable
return (select json_build_object('status', case when c.status in ('active', 'suspect') then 'valid' else c.status end,
    'version', c.token_version, 'expires_at', zoho_time(c.token_expires_at), 'connected_at', zoho_time(c.connected_at))
    from connections c where c.connection_id = p_connection_id);

-- A field as its users want it: what it is, and what a value has to be.
create function zoho_field(p json) returns json language sql immutable
return json_build_object('api_name', p -> 'api_name', 'field_label', p -> 'field_label', 'id', p -> 'id', 'data_type', p -> 'data_type',
    'json_type', p -> 'json_type', 'custom_field', p -> 'custom_field', 'visible', p -> 'visible', 'lookup', p -> 'lookup',
    'validation_rules', json_build_object('required', coalesce((p ->> 'system_mandatory')::boolean, false),
        'read_only', coalesce((p ->> 'read_only')::boolean, false) or coalesce((p ->> 'field_read_only')::boolean, false),
        'unique', json_typeof(p -> 'unique') = 'object' and p -> 'unique' ->> 'casesensitive' is not null,
        'max_length', p -> 'length', 'decimal_places', p -> 'decimal_place',
        'allowed_values', (select json_agg(v -> 'actual_value') from json_array_elements(
            case json_typeof(p -> 'pick_list_values') when 'array' then p -> 'pick_list_values' else '[]' end) v)));

-- ---- given records ----

-- One task for them, beside whatever walks their resource: it makes one call, and neither moves a watermark nor believes a
-- deletion. Somebody waits, so it does not stand in line.
create function accept_records(p_sync_id uuid, p_tenant_id uuid, p_connection_id uuid, p_resource text, p_ids text[],
    p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections := own_connection(p_connection_id, p_tenant_id);
    v_task uuid := uuid_v7();
begin
    if c.connection_id is null then
        return query select 404, null::text, unknown_connection('#/connection_id'), null::text;
        return;
    elsif c.status not in ('active', 'suspect') then
        return query select 409, null::text, problem(409, 'connection_' || c.status,
            'the account must be authorised again before it can be synced', '#/connection_id'), null::text;
        return;
    end if;
    -- The first walk of a resource takes its rows to be new.
    if not exists (select from resource_states r where r.connection_id = p_connection_id and r.resource = p_resource) then
        if exists (select from sync_tasks t where t.connection_id = p_connection_id and t.resource = p_resource
                and t.ended_at is null and t.mode <> 'records') then
            return query select 409, null::text, problem(409, 'first_sync_running',
                'the module''s first sync is under way; ask again when it is done', '#/module'), null::text;
            return;
        end if;
        insert into resource_states (connection_id, resource) values (p_connection_id, p_resource) on conflict do nothing;
    end if;
    insert into sync_tasks (task_id, tenant_id, connection_id, provider, resource, mode, state, dispatch, due_at, cursor,
        expected_records, traceparent)
    values (v_task, c.tenant_id, p_connection_id, c.provider, p_resource, 'records', 'dispatched', 1, now() + dispatch_delay(0),
        'keys:' || array_to_string(p_ids, ','), cardinality(p_ids), p_traceparent);
    insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, open_tasks, traceparent)
    values (p_sync_id, c.tenant_id, p_connection_id, c.provider, 'records', 'http', 1, p_traceparent);
    insert into sync_members (sync_id, task_id) values (p_sync_id, v_task);
    return query select 202, '/v1/syncs/' || p_sync_id, json_build_object('sync_id', p_sync_id, 'state', 'queued')::text,
        concat('[', task_message(v_task, 1, c.provider, p_resource, p_connection_id, c.tenant_id, 'records',
            p_traceparent), ']');
end $$;
call open_to_callers('accept_records');

create function zoho_manual_fault(p_module text, p_ids text[], p_resources text[]) returns text language sql immutable
return case
    when p_ids is not null and p_module is null then
        problem(422, 'missing_field', 'record_ids needs module: whose records they are', '#/module')
    when lower(p_module) <> all (p_resources) then
        problem(422, 'unknown_module', format('this module is not synced: %s', p_module), '#/module')
    when exists (select from unnest(p_ids) i where i !~ '^[0-9]{1,19}$') then
        problem(422, 'invalid_value', 'record_ids holds what is no id of Zoho CRM', '#/record_ids') end;

create function zoho_start_manual(p_sync_id uuid, p_tenant_id uuid, p_connection_id uuid, p_module text, p_ids text[],
    p_modules text[], p_force boolean, p_registry jsonb, p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_chosen record := zoho_chosen(p_tenant_id, p_connection_id);
    v_resources text[] := zoho_resources(p_registry);
    v_unknown text := zoho_unknown_modules(p_modules, v_resources);
    v_fault text := coalesce(zoho_manual_fault(p_module, p_ids, v_resources), case when v_unknown is not null then problem(422,
        'unknown_module', format('these modules are not synced: %s', v_unknown), '#/modules') end);
begin
    if v_chosen.problem is not null then
        return query select v_chosen.status, null::text, v_chosen.problem, null::text;
        return;
    elsif v_fault is not null then
        return query select 422, null::text, v_fault, null::text;
        return;
    elsif p_ids is not null then
        select * into status, location, body, dispatch from accept_records(p_sync_id, p_tenant_id, v_chosen.connection_id,
            lower(p_module), array(select distinct i from unnest(p_ids) i order by i), p_traceparent);
    else
        if p_module is not null or p_modules is not null then
            v_resources := array(select distinct lower(m) from unnest(p_module || coalesce(p_modules, '{}')) m where m is not null);
        end if;
        select * into status, location, body, dispatch from accept_sync(p_sync_id, p_tenant_id, 'http', null,
            v_chosen.connection_id, 'zoho', v_resources, case when p_force then 'full' else 'incremental' end, p_traceparent, false);
    end if;
    if status = 202 then
        location := '/api/sync/status/' || p_sync_id;
        body := zoho_success('Manual sync started', zoho_session(p_sync_id, p_tenant_id));
    end if;
    return next;
end $$;
