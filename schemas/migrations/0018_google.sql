-- oldest binary: 0.1.0
-- Google: mail and calendars, and its users' workspaces, integrations and sync_jobs.
--
-- One connection is one Google account. Columns that are `generated` are computed from `payload` or from others: workers do
-- not fill them, and a declaration does not name them.

-- ---- mail ----

-- These run for every message that is stored: plpgsql keeps its plans, where a function in SQL with a subquery is planned
-- anew each time.
create function mail_header(p_message jsonb, p_name text) returns text language plpgsql immutable parallel safe as $$
declare
    v_headers jsonb := p_message #> '{payload,headers}';
    v_header jsonb;
begin
    if jsonb_typeof(v_headers) = 'array' then
        for v_header in select h.value from jsonb_array_elements(v_headers) h loop
            if lower(v_header ->> 'name') = p_name then
                return v_header ->> 'value';
            end if;
        end loop;
    end if;
    return null;
end $$;
comment on function mail_header is 'the first header of that name, in small letters, of a message as Gmail writes it';

create function mail_address(p_header text) returns text language sql immutable parallel safe
return lower(btrim(coalesce(substring(p_header from '<([^<>]*)>[^<>]*$'), p_header)));

create function mail_name(p_header text) returns text language sql immutable parallel safe
return nullif(btrim(substring(p_header from '^(.*)<[^<>]*>[^<>]*$'), E' \t"'), '');

-- To the parser, what is in angle brackets is a tag.
create function mail_text(p_text text) returns text language sql immutable parallel safe
return translate(left(p_text, 20000), '<>', '  ');

-- Of an address, whoever searches may know the whole, the host, or one word.
create function mail_people(p_text text) returns tsvector language plpgsql immutable parallel safe as $$
declare
    v_text text := mail_text(p_text);
begin
    return to_tsvector('simple', concat(v_text, ' ', replace(v_text, '@', ' '), ' ', translate(v_text, '@.-_+"', '      ')));
end $$;

-- A: subject, B: sender, C: recipients, D: the message's beginning. The connection is a word, too: a search finds one
-- account's messages in the index, however many there are of others.
create function mail_search(p_connection_id uuid, p_message jsonb) returns tsvector
language plpgsql immutable parallel safe as $$
begin
    return array_to_tsvector(array[p_connection_id::text])
        || setweight(to_tsvector('simple', coalesce(mail_text(mail_header(p_message, 'subject')), '')), 'A')
        || setweight(mail_people(mail_header(p_message, 'from')), 'B')
        || setweight(mail_people(concat_ws(' ', mail_header(p_message, 'to'), mail_header(p_message, 'cc'))), 'C')
        || setweight(to_tsvector('simple', coalesce(mail_text(p_message ->> 'snippet'), '')), 'D');
end $$;

create table sync_email_messages (
    connection_id uuid not null,
    tenant_id uuid not null,
    id text collate "C" not null,
    thread_id text,
    history_id numeric(20),
    internal_date timestamptz not null,
    label_ids jsonb,
    snippet text,
    size_estimate bigint,
    mime_type text,
    payload jsonb not null,
    content_hash bigint not null,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    subject text generated always as (mail_header(payload, 'subject')) stored,
    from_name text generated always as (mail_name(mail_header(payload, 'from'))) stored,
    from_address text generated always as (mail_address(mail_header(payload, 'from'))) stored,
    to_addresses text generated always as (mail_header(payload, 'to')) stored,
    cc_addresses text generated always as (mail_header(payload, 'cc')) stored,
    message_id_header text generated always as (mail_header(payload, 'message-id')) stored,
    is_unread boolean not null generated always as (coalesce(label_ids ? 'UNREAD', false)) stored,
    has_attachments boolean not null generated always as (coalesce(
        jsonb_path_exists(payload, '$.payload.**.filename ? (@ != "")'), false)) stored,
    search tsvector generated always as (mail_search(connection_id, payload)) stored,
    primary key (connection_id, id)
);
create index sync_email_messages_by_date on sync_email_messages (connection_id, internal_date desc, id desc);
create index sync_email_messages_by_word on sync_email_messages using gin (search);
comment on column sync_email_messages.id is 'Gmail''s, unique in its mailbox';
comment on column sync_email_messages.internal_date is 'milliseconds at Gmail';
comment on column sync_email_messages.mime_type is 'payload.mimeType';
comment on column sync_email_messages.payload is 'the message as Gmail writes it: its headers are in payload.headers there';

-- ---- calendars ----

create table google_calendars (
    connection_id uuid not null,
    tenant_id uuid not null,
    id text collate "C" not null,
    summary text,
    summary_override text,
    description text,
    location text,
    time_zone text,
    is_primary boolean,
    access_role text,
    selected boolean,
    hidden boolean,
    color_id text,
    background_color text,
    foreground_color text,
    data_owner text,
    etag text,
    payload jsonb not null,
    content_hash bigint not null,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (connection_id, id)
);

create table sync_calendar_events (
    connection_id uuid not null,
    tenant_id uuid not null,
    id text collate "C" not null,
    calendar_id text not null,
    event_id text not null,
    ical_uid text,
    etag text,
    status text,
    event_type text,
    summary text,
    description text,
    location text,
    start_at timestamptz,
    start_date date,
    start_time_zone text,
    end_at timestamptz,
    end_date date,
    end_time_zone text,
    end_time_unspecified boolean,
    recurring_event_id text,
    original_start_at timestamptz,
    original_start_date date,
    organizer_email text,
    organizer_name text,
    creator_email text,
    attendees jsonb,
    recurrence jsonb,
    visibility text,
    transparency text,
    color_id text,
    html_link text,
    hangout_link text,
    sequence bigint,
    created_at timestamptz,
    updated_at timestamptz,
    payload jsonb not null,
    content_hash bigint not null,
    first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(),
    deleted_at timestamptz,
    all_day boolean not null generated always as (start_date is not null) stored,
    primary key (connection_id, id)
);
create index sync_calendar_events_by_end on sync_calendar_events (connection_id, end_at);
create index sync_calendar_events_by_day on sync_calendar_events (connection_id, end_date) where end_date is not null;
comment on column sync_calendar_events.id is 'calendar_id/event_id: an event''s id is unique in its calendar only';
comment on column sync_calendar_events.start_at is 'start.dateTime; null: all day';
comment on column sync_calendar_events.start_date is 'start.date: the first day, wherever one is';
comment on column sync_calendar_events.end_date is 'end.date: the day after the last one';
comment on column sync_calendar_events.start_time_zone is 'start.timeZone';
comment on column sync_calendar_events.recurring_event_id is 'of an instance: the series; original_start_at or original_start_date (originalStartTime) says which';
comment on column sync_calendar_events.created_at is 'at Google';

call isolate('sync_email_messages');
call isolate('google_calendars');
call isolate('sync_calendar_events');

-- ---- workspaces and integrations ----

create table workspaces (
    id uuid primary key default uuid_v7(),
    tenant_id uuid not null references tenants,
    owner_user_id uuid references users,
    created_at timestamptz not null default now(),
    unique nulls not distinct (tenant_id, owner_user_id)
);
comment on table workspaces is 'a user''s part of his tenant; without an owner: what the tenant''s services connect';

create function workspace_of(p_tenant_id uuid, p_user_id uuid) returns uuid language plpgsql as $$
declare
    v_id uuid;
begin
    insert into workspaces (tenant_id, owner_user_id) values (p_tenant_id, p_user_id)
    on conflict (tenant_id, owner_user_id) do nothing returning id into v_id;
    if v_id is null then
        select w.id into v_id from workspaces w
        where w.tenant_id = p_tenant_id and w.owner_user_id is not distinct from p_user_id;
    end if;
    return v_id;
end $$;
comment on function workspace_of is 'made when it is missing';

create function open_workspace(p_tenant_id uuid, p_user_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
begin
    if not may_touch(p_tenant_id, p_user_id) then
        return query select 404, null::text, problem(404, 'unknown_tenant', 'the caller is of another tenant'), null::text;
        return;
    end if;
    return query select 200, null::text, json_build_object('workspace_id', workspace_of(p_tenant_id, p_user_id))::text, null::text;
end $$;

create table google_integrations (
    id uuid primary key default uuid_v7(),
    tenant_id uuid not null,
    workspace_id uuid not null references workspaces,
    owner_user_id uuid,
    connection_id uuid not null,
    provider text not null check (provider in ('gmail', 'google_calendar')),
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create unique index google_integrations_active on google_integrations (workspace_id, provider) where is_active;
create index google_integrations_by_tenant on google_integrations (tenant_id, provider) where is_active;
create index google_integrations_by_connection on google_integrations (connection_id, provider, created_at);
comment on table google_integrations is 'what a grant was given for: one connection, one refresh lease, a row for each product';

create function google_product(p_resource text) returns text language sql immutable parallel safe
return case when p_resource = 'messages' then 'gmail' when p_resource in ('calendars', 'events') then 'google_calendar' end;

create function product_resources(p_provider text) returns text[] language sql immutable parallel safe
return case p_provider when 'gmail' then '{messages}'::text[] else '{calendars,events}' end;

-- Nobody knows what was granted where Google's answer did not say.
create function product_granted(p_provider text, p_scopes text) returns boolean language sql immutable parallel safe
return p_scopes is null or case p_provider when 'gmail' then p_scopes ~ 'mail\.google\.com|/auth/gmail'
    else p_scopes ~ '/auth/calendar' end;

-- However an account is connected: a workspace has one integration of each product, and the one before is deactivated.
create function integrate_google() returns trigger language plpgsql as $$
declare
    v_workspace uuid;
    v_granted text[];
begin
    if new.status = 'disconnected' then
        update google_integrations set is_active = false, updated_at = now()
        where connection_id = new.connection_id and is_active;
        return null;
    elsif tg_op = 'UPDATE' and new.connected_at = old.connected_at then
        return null;
    end if;
    v_workspace := workspace_of(new.tenant_id, new.owner_user_id);
    perform 1 from workspaces where id = v_workspace for update; -- who connects at the same time waits
    v_granted := array(select p from unnest('{gmail,google_calendar}'::text[]) p
        where product_granted(p, new.settings ->> 'scope'));
    update google_integrations set is_active = false, updated_at = now()
    where workspace_id = v_workspace and is_active and (provider = any (v_granted) or connection_id = new.connection_id);
    insert into google_integrations (tenant_id, workspace_id, owner_user_id, connection_id, provider)
    select new.tenant_id, v_workspace, new.owner_user_id, new.connection_id, p from unnest(v_granted) p;
    return null;
end $$;
create trigger integrate_new_google after insert on connections for each row
when (new.provider = 'google') execute function integrate_google();
create trigger integrate_google after update of status, connected_at on connections for each row
when (new.provider = 'google') execute function integrate_google();

call isolate('workspaces');
call isolate('google_integrations');

-- ---- what there is, in the system's words ----

create view integrations with (security_invoker) as
select i.id, i.workspace_id, i.tenant_id, i.owner_user_id, i.connection_id, i.provider,
    coalesce(c.settings ->> 'email', c.external_id) as email, c.settings ->> 'scope' as scopes,
    null::text as access_token, null::text as refresh_token, c.token_expires_at, i.is_active,
    case when i.is_active then c.status else 'inactive' end as status,
    (select max(r.updated_at) from resource_states r
        where r.connection_id = i.connection_id and r.resource = any (product_resources(i.provider))) as last_synced_at,
    i.created_at, i.updated_at
from google_integrations i join connections c using (connection_id);
comment on view integrations is 'the columns of tokens are there and hold nothing';
comment on column integrations.email is 'of the Google account';

-- A sync of both products is two jobs with one id.
create view sync_jobs with (security_invoker) as
select s.sync_id as id, i.workspace_id, i.integration_id, s.tenant_id, i.owner_user_id, s.connection_id, p.provider,
    s.mode as sync_mode, case when s.state = 'cancelled' or p.open = 0 and p.bad > 0 then 'failed' when p.open = 0 then 'completed'
        when p.started_at is null then 'pending' else 'running' end as status,
    p.parts, p.records_inserted, p.records_updated, p.records_unchanged, p.records_deleted, p.records_quarantined,
    case when s.state = 'cancelled' then 'the sync was cancelled' else p.error end as error,
    s.created_at, p.started_at, case when s.state = 'cancelled' then s.ended_at when p.open = 0 then p.ended_at end as completed_at
from syncs s
cross join lateral (
    select google_product(t.resource) as provider, count(*) filter (where t.ended_at is null) as open,
        count(*) filter (where t.state in ('failed', 'cancelled')) as bad, min(t.started_at) as started_at,
        max(t.ended_at) as ended_at, json_object_agg(t.resource, t.state order by t.resource) as parts,
        sum(t.records_inserted) as records_inserted, sum(t.records_updated) as records_updated,
        sum(t.records_unchanged) as records_unchanged, sum(t.records_deleted) as records_deleted,
        sum(t.records_quarantined) as records_quarantined,
        string_agg(t.resource || ': ' || coalesce(t.error_message, t.state), '; ' order by t.resource)
            filter (where t.state in ('failed', 'cancelled')) as error
    from sync_members m join sync_tasks t using (task_id) where m.sync_id = s.sync_id group by 1) p
left join lateral (
    select g.workspace_id, g.id as integration_id, g.owner_user_id from google_integrations g
    where g.connection_id = s.connection_id and g.provider = p.provider
    order by (g.created_at <= s.created_at) desc, g.created_at desc limit 1) i on true
where s.provider = 'google' and s.mode in ('full', 'incremental');
comment on view sync_jobs is 'pending until a worker has begun; failed, too, when it was cancelled';
comment on column sync_jobs.parts is 'the state of each resource';

grant select on integrations, sync_jobs to syncfleet_api, syncfleet_fleet;

create function job_document(j sync_jobs) returns json language sql stable
return json_build_object('id', j.id, 'workspace_id', j.workspace_id, 'integration_id', j.integration_id,
    'provider', j.provider, 'status', j.status, 'parts', j.parts, 'records', json_build_object(
        'inserted', j.records_inserted, 'updated', j.records_updated, 'unchanged', j.records_unchanged,
        'deleted', j.records_deleted, 'quarantined', j.records_quarantined),
    'error', j.error, 'created_at', iso_time(j.created_at), 'started_at', iso_time(j.started_at),
    'completed_at', iso_time(j.completed_at), 'href', '/v1/syncs/' || j.id);

-- ---- jobs ----

create function not_connected(p_provider text) returns text language sql immutable
return problem(404, 'integration_not_found', case p_provider when 'gmail' then 'Gmail' else 'Google Calendar' end
    || ' is not connected: connect a Google account first');

-- Whoever is named by nothing but who he is: a user means his own active ones, a service its tenant's.
create function own_integrations(p_tenant_id uuid, p_user_id uuid, p_provider text, p_integration_id uuid)
returns setof google_integrations language plpgsql stable as $$
begin
    return query select i.* from google_integrations i
    where i.tenant_id = p_tenant_id and may_touch(i.tenant_id, i.owner_user_id) and i.provider = p_provider
        and case when p_integration_id is not null then i.id = p_integration_id
            else i.is_active and (p_user_id is null or i.owner_user_id = p_user_id) end;
end $$;

-- Starts, or joins what is under way.
create function start_google_job(p_sync_id uuid, p_tenant_id uuid, p_user_id uuid, p_provider text, p_integration_id uuid,
    p_mode text, p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_found google_integrations[] := array(
        select i from own_integrations(p_tenant_id, p_user_id, p_provider, p_integration_id) i where i.is_active limit 2);
    i google_integrations := v_found[1];
begin
    if i.id is null then
        return query select 404, null::text, not_connected(p_provider), null::text;
        return;
    elsif cardinality(v_found) > 1 then
        return query select 409, null::text, problem(409, 'several_integrations',
            'the tenant has several: say integration_id', '#/integration_id'), null::text;
        return;
    end if;
    select a.status, a.location, a.body, a.dispatch into status, location, body, dispatch
    from accept_sync(p_sync_id, p_tenant_id, 'http', null, i.connection_id, 'google', product_resources(p_provider), p_mode,
        p_traceparent, false) a;
    if status = 202 then
        body := (select json_build_object('job', job_document(j)) from sync_jobs j where j.id = p_sync_id)::text;
    end if;
    return next;
end $$;

-- The oldest unfinished job of all tenants, those last that nobody can work on now. What of it was handed out and taken by nobody is handed out once more: a
-- message that comes twice does no harm. `location` of a 202 says whose end to wait for.
create function hand_out_job() returns table (status int, location text, body text, dispatch text)
language plpgsql as $$
declare
    v_sync uuid := (
        select s.sync_id from (select distinct g.connection_id from google_integrations g) i
        join sync_tasks t on t.connection_id = i.connection_id and t.ended_at is null
        join sync_members m using (task_id) join syncs s using (sync_id)
        where s.ended_at is null and s.mode in ('full', 'incremental')
        order by t.state = 'waiting' or exists (select from connection_pauses p where p.connection_id = t.connection_id), s.sync_id
        limit 1);
begin
    if v_sync is null then
        return query select 200, null::text, json_build_object('processed', false, 'message', 'No pending jobs')::text, null::text;
        return;
    end if;
    return query select 202, '/v1/syncs/' || v_sync, ran_job(v_sync)::text,
        (select '[' || string_agg(task_message(t), ',') || ']' from sync_tasks t
            where t.task_id in (select m.task_id from sync_members m where m.sync_id = v_sync) and t.state = 'dispatched');
end $$;

-- Of a sync of both products: the first that is not done.
create function ran_job(p_sync_id uuid) returns json language sql stable
return (select json_build_object('processed', true, 'finished', j.completed_at is not null, 'job', job_document(j))
    from sync_jobs j where j.id = p_sync_id order by j.completed_at desc nulls first, j.provider limit 1);

create function handed_out_job(p_sync_id uuid) returns table (status int, location text, body text, dispatch text)
language plpgsql stable as $$
begin
    return query select case when (j.said ->> 'finished')::boolean then 200 else 202 end, null::text, j.said::text, null::text
    from (select ran_job(p_sync_id) as said) j;
end $$;

call open_to_callers('open_workspace');
call open_to_callers('hand_out_job');
call open_to_callers('handed_out_job');

-- ---- readers ----

-- A page's last row: what it is ordered by, as microseconds, and its id.
create function page_mark(p_at timestamptz, p_id text) returns text language sql immutable
return translate(encode(convert_to((extract(epoch from p_at) * 1000000)::bigint || ':' || p_id, 'UTF8'), 'base64'), E'+/=\n', '-_');

create function page_marked(p_mark text) returns table (at timestamptz, id text) language plpgsql immutable as $$
declare
    v_text text;
begin
    v_text := convert_from(decode(rpad(translate(p_mark, '-_', '+/'), (length(p_mark) + 3) / 4 * 4, '='), 'base64'), 'UTF8');
    return query select to_timestamp(split_part(v_text, ':', 1)::bigint / 1000000.0), substr(v_text, strpos(v_text, ':') + 1);
exception when others then
    return;
end $$;
comment on function page_marked is 'no row: that is no mark';

create function bad_mark() returns text language sql immutable
return problem(422, 'wrong_type', 'cursor must be the next_cursor of a page', '?cursor');

-- The words of a text, which must all be in the part of a message that has that weight; null: there is none.
create function words_of_weight(p_text text, p_weight text) returns tsquery language sql immutable parallel safe
return (select string_agg('''' || replace(replace(u.lexeme, '\', '\\'), '''', '''''') || ''':' || p_weight, ' & ')
    from unnest(to_tsvector('simple', p_text)) u)::tsquery;

-- A day is its beginning in that zone.
create function day_or_time(p_text text, p_zone text) returns timestamptz language sql stable
return case when length(p_text) = 10 then p_text::date::timestamp at time zone p_zone else p_text::timestamptz end;

create function message_document(m sync_email_messages) returns json language sql stable
return json_build_object('id', m.id, 'connection_id', m.connection_id, 'thread_id', m.thread_id,
    'history_id', m.history_id::text, 'internal_date', iso_time(m.internal_date), 'subject', m.subject,
    'from', json_build_object('name', m.from_name, 'address', m.from_address), 'to', m.to_addresses, 'cc', m.cc_addresses,
    'snippet', m.snippet, 'label_ids', coalesce(m.label_ids, '[]'), 'is_unread', m.is_unread,
    'has_attachments', m.has_attachments, 'size_estimate', m.size_estimate, 'synced_at', iso_time(m.synced_at));

-- What a message of these accounts must have; null: nothing has no words.
create function message_query(p_connections uuid[], p_text text, p_from text, p_to text) returns tsquery
language plpgsql immutable as $$
declare
    v_query tsquery := (select string_agg('''' || c || '''', ' | ') from unnest(p_connections) c)::tsquery;
    v_text tsquery := websearch_to_tsquery('simple', p_text);
begin
    if p_text is not null then
        v_query := case when numnode(v_text) > 0 then v_query && v_text end;
    end if;
    if p_from is not null then
        v_query := v_query && words_of_weight(p_from, 'B');
    end if;
    return case when p_to is not null then v_query && words_of_weight(p_to, 'C') else v_query end;
end $$;

-- Newest first. Neither operator of these searches is leakproof, so policies would keep them from the indexes: this runs as
-- the owner, with the scope in own_integrations.
create function list_messages(p_tenant_id uuid, p_user_id uuid, p_limit bigint, p_cursor text, p_text text, p_label text, p_from text,
    p_to text, p_unread boolean, p_after text, p_before text, p_integration_id uuid)
returns table (status int, location text, body text, dispatch text)
language plpgsql stable as $$
declare
    v_accounts uuid[] := array(
        select i.connection_id from own_integrations(p_tenant_id, p_user_id, 'gmail', p_integration_id) i);
    v_searched boolean := coalesce(p_text, p_from, p_to) is not null;
    v_query tsquery := case when v_searched then message_query(v_accounts, p_text, p_from, p_to) end;
    v_after timestamptz := coalesce(day_or_time(p_after, 'UTC'), '-infinity');
    v_before timestamptz := coalesce(day_or_time(p_before, 'UTC'), 'infinity');
    v_hidden text[] := case when p_label in ('SPAM', 'TRASH') then '{}'::text[] else '{SPAM,TRASH}'::text[] end;
    v_from record;
    v_found sync_email_messages[];
    v_next text;
begin
    select * into v_from from page_marked(p_cursor);
    if p_cursor is not null and v_from.at is null then
        return query select 422, null::text, bad_mark(), null::text;
        return;
    end if;
    v_before := least(v_before, v_from.at + interval '1 microsecond');
    -- One account after the other, so that the index gives them in order.
    if not v_searched then
        v_found := array(
            select m from unnest(v_accounts) as a(id) cross join lateral (
                select x.* from sync_email_messages x
                where x.connection_id = a.id and x.deleted_at is null
                    and x.internal_date >= v_after and x.internal_date < v_before
                    and (p_cursor is null or (x.internal_date, x.id) < (v_from.at, v_from.id))
                    and (p_label is null or x.label_ids ? p_label) and (p_unread is null or x.is_unread = p_unread)
                    and (x.label_ids ?| v_hidden) is not true
                order by x.internal_date desc, x.id desc limit p_limit + 1) m
            order by m.internal_date desc, m.id desc limit p_limit + 1);
    else
        v_found := array(
            select m from sync_email_messages m
            where m.search @@ v_query and m.connection_id = any (v_accounts) and m.deleted_at is null
                and m.internal_date >= v_after and m.internal_date < v_before
                and (p_cursor is null or (m.internal_date, m.id) < (v_from.at, v_from.id))
                and (p_label is null or m.label_ids ? p_label) and (p_unread is null or m.is_unread = p_unread)
                and (m.label_ids ?| v_hidden) is not true
            order by m.internal_date desc, m.id desc limit p_limit + 1);
    end if;
    v_next := case when cardinality(v_found) > p_limit
        then page_mark((v_found[p_limit]).internal_date, (v_found[p_limit]).id) end;
    return query select 200, '/api/sync/gmail/messages?limit=' || p_limit || '&cursor=' || v_next
            || coalesce('&q=' || url_escaped(p_text), '') || coalesce('&label=' || url_escaped(p_label), '')
            || coalesce('&from=' || url_escaped(p_from), '') || coalesce('&to=' || url_escaped(p_to), '')
            || coalesce('&unread=' || p_unread, '') || coalesce('&after=' || url_escaped(p_after), '')
            || coalesce('&before=' || url_escaped(p_before), '') || coalesce('&integration_id=' || p_integration_id, ''),
        json_build_object('messages', coalesce((select json_agg(message_document(m) order by m.internal_date desc, m.id desc)
            from unnest(v_found[:p_limit]) m), '[]'), 'next_cursor', v_next)::text, null::text;
end $$;

create function zoned_time(p_at timestamptz, p_zone text) returns text language sql stable
return (select to_char(z.local, 'YYYY-MM-DD"T"HH24:MI:SS') || case when z.local < z.utc then '-' else '+' end
        || to_char(greatest(z.local, z.utc) - least(z.local, z.utc), 'HH24:MI')
    from (select p_at at time zone p_zone as local, p_at at time zone 'UTC' as utc) z);

-- When an event is, for whoever lives in that zone: a day is theirs wherever it was written.
create function event_begin(e sync_calendar_events, p_zone text) returns timestamptz language sql stable
return coalesce(e.start_at, e.start_date::timestamp at time zone p_zone,
    e.original_start_at, e.original_start_date::timestamp at time zone p_zone);

create function event_document(e sync_calendar_events, c google_calendars, p_zone text) returns json language sql stable
return json_build_object('id', e.id, 'event_id', e.event_id, 'connection_id', e.connection_id,
    'calendar', json_build_object('id', e.calendar_id, 'summary', coalesce(c.summary_override, c.summary),
        'color', c.background_color),
    'summary', e.summary, 'description', e.description, 'location', e.location,
    'status', case when e.deleted_at is not null then 'cancelled' else e.status end, 'all_day', e.all_day,
    'start', coalesce(e.start_date::text, zoned_time(e.start_at, p_zone)),
    'end', coalesce(e.end_date::text, zoned_time(e.end_at, p_zone)), 'time_zone', e.start_time_zone,
    'recurring_event_id', e.recurring_event_id,
    'original_start', coalesce(e.original_start_date::text, zoned_time(e.original_start_at, p_zone)),
    'organizer', case when e.organizer_email is not null
        then json_build_object('email', e.organizer_email, 'name', e.organizer_name) end,
    'attendees', coalesce(e.attendees, '[]'), 'event_type', e.event_type, 'visibility', e.visibility,
    'transparency', e.transparency, 'html_link', e.html_link, 'hangout_link', e.hangout_link,
    'updated_at', iso_time(e.updated_at), 'synced_at', iso_time(e.synced_at));

-- Events of these accounts that touch [from, to). A day is compared with the days of the zone, an instant with instants;
-- what has no length is there when it begins there. A cancelled instance may have nothing but the time that it had.
create function events_between(p_accounts uuid[], p_from timestamptz, p_to timestamptz, p_zone text, p_cancelled boolean)
returns setof sync_calendar_events language sql stable
begin atomic
    select e.* from sync_calendar_events e
    where e.connection_id = any (p_accounts) and e.start_at < p_to and e.end_at >= p_from
        and (e.end_at > p_from or e.start_at = e.end_at) and (p_cancelled or e.deleted_at is null)
    union all
    select e.* from sync_calendar_events e
    where e.connection_id = any (p_accounts) and e.end_date is not null
        and e.end_date::timestamp > p_from at time zone p_zone and e.start_date::timestamp < p_to at time zone p_zone
        and e.end_date >= (p_from at time zone p_zone)::date and (p_cancelled or e.deleted_at is null)
    union all
    select e.* from sync_calendar_events e
    where p_cancelled and e.connection_id = any (p_accounts) and e.deleted_at is not null
        and e.start_at is null and e.start_date is null
        and coalesce(e.original_start_at, e.original_start_date::timestamp at time zone p_zone) >= p_from
        and coalesce(e.original_start_at, e.original_start_date::timestamp at time zone p_zone) < p_to;
end;

-- In order of their beginning. Calendars that are gone from the account's list take their events with them.
create function list_events(p_tenant_id uuid, p_user_id uuid, p_from text, p_to text, p_zone text, p_calendar text, p_cancelled boolean,
    p_limit bigint, p_cursor text, p_integration_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql stable as $$
declare
    v_accounts uuid[] := array(
        select i.connection_id from own_integrations(p_tenant_id, p_user_id, 'google_calendar', p_integration_id) i);
    v_zone text := coalesce(p_zone, (select c.time_zone from google_calendars c where c.connection_id = any (v_accounts)
        and c.is_primary and c.deleted_at is null and is_time_zone(c.time_zone) order by c.connection_id limit 1), 'UTC');
    v_from timestamptz;
    v_to timestamptz;
    v_mark record;
    v_events json;
    v_next text;
begin
    select * into v_mark from page_marked(p_cursor);
    if not is_time_zone(v_zone) then
        return query select 422, null::text, problem(422, 'unknown_time_zone',
            'timeZone must be a name of the IANA database, such as Europe/Zurich, or UTC', '?timeZone'), null::text;
        return;
    elsif p_cursor is not null and v_mark.at is null then
        return query select 422, null::text, bad_mark(), null::text;
        return;
    end if;
    v_from := coalesce(day_or_time(p_from, v_zone), date_trunc('day', now(), v_zone));
    v_to := coalesce(day_or_time(p_to, v_zone), (v_from at time zone v_zone + interval '30 days') at time zone v_zone);
    if v_to <= v_from then
        return query select 422, null::text, problem(422, 'out_of_range', 'to must be after from', '?to'), null::text;
        return;
    end if;
    with found as (
        select e as event, c as calendar, event_begin(e, v_zone) as begins, e.id,
            row_number() over (order by event_begin(e, v_zone), e.id) as place
        from events_between(v_accounts, v_from, v_to, v_zone, p_cancelled) e
        left join google_calendars c on c.connection_id = e.connection_id and c.id = e.calendar_id
        where c.deleted_at is null and (p_calendar is null or e.calendar_id = p_calendar)
            and (p_cursor is null or (event_begin(e, v_zone), e.id) > (v_mark.at, v_mark.id))
        order by 3, 4 limit p_limit + 1)
    select coalesce(json_agg(event_document(f.event, f.calendar, v_zone) order by f.place) filter (where f.place <= p_limit), '[]'),
        case when max(f.place) > p_limit then page_mark(max(f.begins) filter (where f.place = p_limit),
            max(f.id) filter (where f.place = p_limit)) end
    into v_events, v_next from found f;
    return query select 200, '/api/sync/calendar/events?limit=' || p_limit || '&cursor=' || v_next
            || '&from=' || url_escaped(iso_time(v_from)) || '&to=' || url_escaped(iso_time(v_to))
            || '&timeZone=' || url_escaped(v_zone) || coalesce('&calendar=' || url_escaped(p_calendar), '')
            || '&cancelled=' || p_cancelled || coalesce('&integration_id=' || p_integration_id, ''),
        json_build_object('events', v_events, 'from', zoned_time(v_from, v_zone), 'to', zoned_time(v_to, v_zone),
            'time_zone', v_zone, 'next_cursor', v_next)::text, null::text;
end $$;

call open_to_callers('list_messages');
call open_to_callers('list_events');
