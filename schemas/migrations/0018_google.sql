-- oldest binary: 0.1.0
-- Google: mail and calendars, and its users' workspaces, integrations and sync_jobs.
--
-- One connection is one Google account. Columns that are `generated` are computed from `payload` or from others: workers do
-- not fill them, and a declaration does not name them.

-- ---- mail ----

create function mail_header(p_message jsonb, p_name text) returns text language sql immutable parallel safe
return (select h.value ->> 'value'
    from jsonb_array_elements(case jsonb_typeof(p_message #> '{payload,headers}')
        when 'array' then p_message #> '{payload,headers}' else '[]' end) h
    where lower(h.value ->> 'name') = p_name limit 1);
comment on function mail_header is 'the first header of that name, in small letters, of a message as Gmail writes it';

create function mail_address(p_header text) returns text language sql immutable parallel safe
return lower(btrim(coalesce(substring(p_header from '<([^<>]*)>[^<>]*$'), p_header)));

create function mail_name(p_header text) returns text language sql immutable parallel safe
return nullif(btrim(substring(p_header from '^(.*)<[^<>]*>[^<>]*$'), E' \t"'), '');

-- Of an address, whoever searches may know the whole, the host, or one word.
create function mail_words(p_text text) returns tsvector language sql immutable parallel safe
return to_tsvector('simple'::regconfig, concat(left(p_text, 20000), ' ', replace(left(p_text, 20000), '@', ' '), ' ',
    translate(left(p_text, 20000), '@.-_+<>"', '        ')));

-- A: subject, B: sender, C: recipients, D: the message's beginning. The connection is a word, too: a search finds one
-- account's messages in the index, however many there are of others.
create function mail_search(p_connection_id uuid, p_message jsonb) returns tsvector language sql immutable parallel safe
return array_to_tsvector(array[p_connection_id::text])
    || setweight(mail_words(mail_header(p_message, 'subject')), 'A')
    || setweight(mail_words(mail_header(p_message, 'from')), 'B')
    || setweight(mail_words(concat_ws(' ', mail_header(p_message, 'to'), mail_header(p_message, 'cc'))), 'C')
    || setweight(mail_words(p_message ->> 'snippet'), 'D');

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

call isolate('sync_email_messages', p_forced => false);
call isolate('google_calendars', p_forced => false);
call isolate('sync_calendar_events', p_forced => false);
