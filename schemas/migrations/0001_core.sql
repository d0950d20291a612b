-- oldest binary: 0.1.0
-- The queue and the truth: tenants, callers, connections, syncs, tasks, workers, the outbox and quarantined records.
-- The hot tables have no foreign keys: accept_sync checks what it refers to, and connections are never deleted.

create function uuid_v7() returns uuid language sql volatile parallel safe
return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;
comment on function uuid_v7 is 'RFC 9562, section 5.7: 48 bits of Unix milliseconds, version 7, random bits';

create table tenants (
    tenant_id uuid primary key default uuid_v7(),
    name text not null unique check (name <> ''),
    created_at timestamptz not null default now()
);

create table service_keys (
    key_id uuid primary key default uuid_v7(),
    tenant_id uuid not null references tenants,
    name text not null,
    secret_sha256 bytea not null unique check (length(secret_sha256) = 32),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table connections (
    connection_id uuid primary key default uuid_v7(),
    tenant_id uuid not null references tenants,
    provider text not null,
    external_id text not null,
    status text not null default 'active' check (status in ('active', 'suspect', 'reauthorize', 'disconnected')),
    settings jsonb not null default '{}',
    secret bytea not null,
    token_version bigint not null default 1,
    token_expires_at timestamptz,
    refresh_owner uuid,
    refresh_until timestamptz,
    refresh_after timestamptz,
    created_at timestamptz not null default now(),
    unique (tenant_id, provider, external_id)
);
comment on column connections.secret is 'sealed JSON: access_token, refresh_token, client_id, client_secret';
comment on column connections.refresh_after is 'the token endpoint throttles: nobody asks it before';
comment on column connections.refresh_until is 'end of the refresh lease: who holds it alone may call the token endpoint';

-- Domains instead of check constraints: a constraint is read and compiled anew by every statement that writes the table
-- (6 us each), a domain's only where the column is written, from a cache.
create domain sync_mode as text check (value in ('full', 'incremental', 'replay', 'ask', 'records'));
create domain sync_source as text check (value in ('http', 'kafka', 'schedule'));
create domain sync_state as text check (value in ('running', 'completed', 'failed', 'cancelled'));
create domain task_state as text
    check (value in ('queued', 'dispatched', 'running', 'waiting', 'completed', 'failed', 'cancelled'));

create table syncs (
    sync_id uuid primary key,
    tenant_id uuid not null,
    connection_id uuid not null,
    provider text not null,
    mode sync_mode not null,
    source sync_source not null,
    request_id text,
    state sync_state not null default 'running',
    open_tasks int not null,
    failed_tasks int not null default 0,
    cancelled_tasks int not null default 0,
    backfill boolean not null default false,
    traceparent text,
    created_at timestamptz not null default now(),
    ended_at timestamptz
) with (fillfactor = 80);
-- No index of syncs may name what their end changes (state, ended_at), not even in its predicate: then the new version
-- stays in its page and costs no entry in any index.
create index syncs_by_tenant on syncs (tenant_id, sync_id);
create unique index syncs_by_request on syncs (request_id) where request_id is not null;
comment on column syncs.request_id is 'the CloudEvents source and id of a request that came by Kafka, or schedule:<its id>:<tick>: no second sync comes of it';

create table sync_tasks (
    task_id uuid primary key,
    tenant_id uuid not null,
    connection_id uuid not null,
    provider text not null,
    resource text not null,
    mode sync_mode not null,
    replay boolean not null default false,
    state task_state not null,
    dispatch int not null default 0,
    repeats int not null default 0,
    epoch int not null default 0,
    owner uuid,
    page bigint not null default 0,
    cursor text,
    records_inserted bigint not null default 0,
    records_updated bigint not null default 0,
    records_unchanged bigint not null default 0,
    records_deleted bigint not null default 0,
    records_quarantined bigint not null default 0,
    expected_records bigint,
    attempts int not null default 0,
    takeovers int not null default 0,
    restarts int not null default 0,
    wait_reason text,
    due_at timestamptz,
    queued_at timestamptz,
    ripe_at timestamptz,
    bound_from timestamptz,
    bound_to timestamptz,
    after_task uuid,
    error_class text,
    error_message text,
    sequence int not null default 0,
    traceparent text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    ended_at timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.05);
comment on column sync_tasks.dispatch is 'number of the message that may claim the task';
comment on column sync_tasks.repeats is 'messages that nobody has claimed, since it was dispatched last';
comment on column sync_tasks.epoch is 'raised by every claim: the fence';
comment on column sync_tasks.replay is 'a walk that deals with quarantined records first; one of mode replay does nothing else';
comment on column sync_tasks.page is 'pages committed; the next page is fenced by it';
comment on column sync_tasks.attempts is 'failed tries of the next page';
comment on column sync_tasks.takeovers is 'workers that died with this task since its last page';
comment on column sync_tasks.restarts is 'walks begun anew, since the cursor had expired; then everything is walked';
comment on column sync_tasks.cursor is 'where the next page begins; of mode ask the question''s arguments, of mode records "keys:" and their ids';
comment on column sync_tasks.due_at is 'waiting: when it goes on; dispatched: when the message counts as lost';
comment on column sync_tasks.ripe_at is 'of a backfill: until then it stands behind the interactive tasks of its tenant';
comment on column sync_tasks.bound_from is 'the caller wants no more than [bound_from, bound_to): such a walk moves no watermark and deletes nothing';
comment on column sync_tasks.after_task is 'a follow-up run, held until that task ends';
create unique index sync_tasks_live on sync_tasks (connection_id, resource, (after_task is null))
    where ended_at is null and mode <> 'records';
create index sync_tasks_queued on sync_tasks (provider, tenant_id, greatest(queued_at, ripe_at)) where queued_at is not null;
create index sync_tasks_due on sync_tasks (state, provider, due_at) where due_at is not null;
create index sync_tasks_owned on sync_tasks (owner) where owner is not null;
create index sync_tasks_held on sync_tasks (after_task) where after_task is not null;

create table sync_members (
    sync_id uuid not null,
    task_id uuid not null,
    primary key (sync_id, task_id)
);
create index sync_members_by_task on sync_members (task_id);

create table resource_states (
    connection_id uuid not null,
    resource text not null,
    watermark timestamptz,
    full_records bigint,
    updated_at timestamptz not null default now(),
    primary key (connection_id, resource)
);
comment on table resource_states is 'what the last finished walk of a resource leaves for the next one';
comment on column resource_states.watermark is 'an incremental walk asks for what changed since';
comment on column resource_states.full_records is 'records seen by the last full walk: the estimate of the next one';

create table workers (
    worker_id uuid primary key,
    host text not null,
    pid int not null,
    version text not null,
    slots int not null,
    free_slots int not null,
    calls jsonb,
    leaving boolean not null default false,
    started_at timestamptz not null default now(),
    beat_at timestamptz not null default now()
);

comment on column workers.calls is 'by provider, as of the last beat: the latest calls, failures by connection, answers since its start and what they took';
comment on column workers.free_slots is 'as of the last claim or beat: counting running tasks would wade through dead entries';

create table outbox (
    event_id uuid primary key,
    topic text not null,
    key text not null,
    value text not null,
    event_type text,
    subject text,
    headers text,
    created_at timestamptz not null default now(),
    due_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
comment on column outbox.headers is 'JSON object of further message headers';
comment on column outbox.due_at is 'when the clock sends it again, unless it was acknowledged and deleted before';

create table dead_records (
    dead_record_id uuid primary key default uuid_v7(),
    tenant_id uuid not null,
    connection_id uuid not null,
    task_id uuid not null,
    provider text not null,
    resource text not null,
    record_id text collate "C",
    record_key text collate "C" not null generated always as (case when record_id is null then 'raw:' || md5(raw)
        else 'id:' || record_id end) stored,
    column_name text,
    reason text not null,
    raw bytea not null,
    times int not null default 1,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    replay_asked_at timestamptz,
    unique (connection_id, resource, record_key)
);
create index dead_records_by_tenant on dead_records (tenant_id, dead_record_id);
create index dead_records_by_connection on dead_records (connection_id, dead_record_id);
create index dead_records_to_replay on dead_records (connection_id, resource, dead_record_id) where replay_asked_at is not null;
comment on column dead_records.task_id is 'the task that met it last';
comment on column dead_records.record_key is 'what makes it the same record again: its id, or its very text when it has none';
comment on column dead_records.raw is 'the record as the provider sent it; bytes, since it may be no valid text';
comment on column dead_records.replay_asked_at is 'the next replay of the resource reads it';
comment on column dead_records.last_seen_at is 'when the provider sent it last: what was stored or deleted later is newer';

-- Evidence, beside the hot rows: the last failed request of a task and its answer.

create table task_evidence (
    task_id uuid primary key,
    first_failed_at timestamptz,
    last_failed_at timestamptz not null,
    request text,
    response_status int,
    response_headers text,
    response_body text
);
comment on table task_evidence is 'written when a task is parked after a failed try, or fails; secrets are masked, bodies cut';
comment on column task_evidence.first_failed_at is 'the first failed try of the page that the task is at';

-- Breakers: a provider that fails is left alone for a time, then asked by few tasks, while the others go on.

create table breakers (
    provider text primary key,
    open boolean not null default true,
    openings int not null default 1,
    opened_at timestamptz not null default now(),
    open_until timestamptz not null,
    closed_at timestamptz,
    reason text not null,
    probes int not null,
    probes_sent int not null default 0,
    round_until timestamptz,
    round_ms bigint not null
);
comment on table breakers is 'no row, or not open: closed; open: no call until open_until; then half open: probes only';
comment on column breakers.openings is 'in a row: the time doubles with each';
comment on column breakers.round_until is 'probes that nobody has told of by then count as lost';

-- ---- answers ----

create function problem(p_status int, p_code text, p_detail text, p_pointer text default null) returns text
language sql immutable
return json_build_object(
    'type', 'https://sync-fleet.dev/problems/' || p_code,
    'title', replace(p_code, '_', ' '),
    'status', p_status,
    'detail', p_detail,
    'code', p_code,
    'errors', case when p_pointer is null then '[]'::json
        else json_build_array(json_build_object('pointer', p_pointer, 'detail', p_detail)) end)::text;
comment on function problem is 'RFC 9457';

create function iso_time(p timestamptz) returns text language sql stable
return to_char(p at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

create function json_text(p text) returns text language sql stable
return coalesce(to_json(p)::text, 'null');

create function json_id(p uuid) returns text language sql stable
return coalesce('"' || p || '"', 'null');

create function json_time(p timestamptz) returns text language sql stable
return coalesce('"' || iso_time(p) || '"', 'null');

create function valid_text(p bytea) returns text language plpgsql immutable as $$
begin
    return convert_from(p, 'UTF8');
exception when character_not_in_repertoire then
    return null;
end $$;

create function url_escaped(p text) returns text language sql immutable
return regexp_replace(encode(convert_to(p, 'UTF8'), 'hex'), '(..)', '%\1', 'g');

-- ---- dispatching ----

create function dispatch_delay(p_repeats int) returns interval language sql stable
return least(coalesce(nullif(current_setting('syncfleet.dispatch_retry_ms', true), ''), '10000')::int
    * power(2, least(p_repeats, 12)), 300000) * interval '1 millisecond';
comment on function dispatch_delay is 'how long a message may stay unclaimed: doubling, at most five minutes';

create function ripe_after(p_priority text) returns timestamptz language sql stable
return case when p_priority = 'backfill' then now() + coalesce(nullif(current_setting('syncfleet.backfill_age_ms', true), ''),
    '600000')::int * interval '1 millisecond' end;
comment on function ripe_after is 'when a task that is accepted now counts as interactive; null: it is';

-- The documents of the hot paths are written out: concat() looks its arguments' types up once a statement,
-- json_build_object each time, which is half of what an event costs. Ids, states and declared names need no escaping.
create function task_message(p_task_id uuid, p_dispatch int, p_provider text, p_resource text, p_connection_id uuid,
    p_tenant_id uuid, p_mode text, p_traceparent text) returns text language sql stable
return concat('{"provider":"', p_provider, '","key":"', p_provider, ':', p_connection_id,
    '","id":"', p_task_id, '.', p_dispatch, '","traceparent":', json_text(p_traceparent),
    ',"value":', to_json(concat('{"task_id":"', p_task_id, '","dispatch":', p_dispatch, ',"provider":"', p_provider,
        '","resource":"', p_resource, '","connection_id":"', p_connection_id, '","tenant_id":"', p_tenant_id,
        '","mode":"', p_mode, '"}')), '}');
comment on function task_message is 'what a producer sends for a dispatched task: topic by provider, key, headers, value';

create function task_message(t sync_tasks) returns text language sql stable
return task_message(t.task_id, t.dispatch, t.provider, t.resource, t.connection_id, t.tenant_id, t.mode, t.traceparent);

-- Dispatches queued tasks by turns of tenant: every tenant's first, then every tenant's second, those counted that
-- nobody has claimed yet, as long as a provider has room. Room is the fleet's free slots and as much again, less the
-- messages that nobody has claimed. Beyond the free slots it is at least p_floor, so that Kafka's lag shows a backlog,
-- and at most half of all slots: whoever comes then has but half a turn of the slots ahead, and starts within a slice.
-- Within its tenant a backfill stands behind whatever is interactive until it is ripe; turns do not look at that.
-- `room` is what is left of it, and `backlog` says that somebody still waits. Of a provider that is failing only probes
-- are dispatched, and nobody stands in line for it; so it is with one that is stopped (0013_operating.sql).
create function dispatch_queued(p_providers text[], p_floor int, p_fresh interval)
returns table (provider text, room int, backlog boolean, messages text) language plpgsql as $$
declare
    v_provider text;
    v_slots int;
    v_free int;
    v_ahead int;
    v_tenants uuid[];
    v_unclaimed int[];
    v_room int;
    v_picked uuid[];
    v_failing text[] := array(select b.provider from breakers b where b.open);
    v_stopped text[] := array(select s.provider from provider_stops s);
begin
    select coalesce(sum(w.slots), 0), coalesce(sum(w.free_slots), 0) into v_slots, v_free
    from workers w where w.beat_at > now() - p_fresh and not w.leaving;
    v_ahead := case when v_slots = 0 then p_floor else least(greatest(v_free, p_floor), (v_slots + 1) / 2) end;
    foreach v_provider in array p_providers loop
        select array_agg(u.tenant_id), array_agg(u.tasks), v_free + v_ahead - coalesce(sum(u.tasks), 0)
        into v_tenants, v_unclaimed, v_room
        from (
            select t.tenant_id, count(*) as tasks from sync_tasks t
            where t.state = 'dispatched' and t.provider = v_provider and t.due_at is not null
            group by t.tenant_id) u;
        if v_provider = any (v_failing) then
            v_room := least(v_room, probe_room(v_provider));
        end if;
        if v_provider = any (v_stopped) then
            v_room := least(v_room, stop_room(v_provider));
        end if;
        v_picked := null;
        if v_room > 0 then
            with recursive tenant as (
                (select t.tenant_id from sync_tasks t where t.provider = v_provider and t.queued_at is not null
                    order by t.tenant_id limit 1)
                union all
                select (select t.tenant_id from sync_tasks t where t.provider = v_provider
                    and t.queued_at is not null and t.tenant_id > tenant.tenant_id order by t.tenant_id limit 1)
                from tenant where tenant.tenant_id is not null),
            turn as (
                select q.task_id, q.queued_at,
                    row_number() over (partition by tenant.tenant_id order by q.place)
                        + coalesce(v_unclaimed[array_position(v_tenants, tenant.tenant_id)], 0) as turn
                from tenant, lateral (
                    select t.task_id, t.queued_at, greatest(t.queued_at, t.ripe_at) as place from sync_tasks t
                    where t.provider = v_provider and t.tenant_id = tenant.tenant_id and t.queued_at is not null
                    order by greatest(t.queued_at, t.ripe_at) limit v_room for update skip locked) q)
            select array_agg(p.task_id order by p.turn, p.queued_at) into v_picked
            from (select * from turn order by turn.turn, turn.queued_at limit v_room) p;
        end if;
        if v_picked is not null and v_provider = any (v_failing) then
            perform probes_dispatched(v_provider, cardinality(v_picked));
        end if;
        if v_picked is not null and v_provider = any (v_stopped) then
            perform stop_probes(v_provider, v_picked);
        end if;
        return query
        with sent as (
            update sync_tasks t
            set state = 'dispatched', dispatch = t.dispatch + 1, repeats = 0, queued_at = null, wait_reason = null,
                due_at = now() + dispatch_delay(0)
            where t.task_id = any (v_picked)
            returning t, array_position(v_picked, t.task_id) as place)
        select v_provider, greatest(v_room, 0) - coalesce(cardinality(v_picked), 0),
            v_provider <> all (v_failing || v_stopped) and (v_room <= 0 and exists (select 1 from sync_tasks t
                where t.provider = v_provider and t.queued_at is not null)
                or v_room > 0 and coalesce(cardinality(v_picked), 0) >= v_room),
            (select '[' || string_agg(task_message(sent.t), ',' order by sent.place) || ']' from sent);
    end loop;
end $$;

-- Messages that nobody has claimed in time go out again under the next number.
create function dispatch_again(p_limit int) returns text language plpgsql as $$
declare
    v_late uuid[];
    v_messages text;
begin
    select array_agg(late.task_id) into v_late from (
        select t.task_id from sync_tasks t where t.state = 'dispatched' and t.due_at <= now()
        order by t.due_at limit p_limit for update skip locked) late;
    if v_late is null then
        return null;
    end if;
    with sent as (
        update sync_tasks t
        set dispatch = t.dispatch + 1, repeats = t.repeats + 1, due_at = now() + dispatch_delay(t.repeats + 1)
        where t.task_id = any (v_late) returning t)
    select '[' || string_agg(task_message(sent.t), ',') || ']' into v_messages from sent;
    return v_messages;
end $$;

-- Gives back what dead workers held. Dead: no beat for p_silent while the database was there all along, of which the
-- caller vouches for p_watched. A task that has taken too many workers with it fails instead of going round. Looking for
-- what nobody owns wades through dead index entries: it is done when a worker has died, and with p_sweep, now and then,
-- for the tasks that were locked at that moment.
create function reap_workers(p_silent interval, p_watched interval, p_takeovers_max int, p_sweep boolean)
returns setof outbox language plpgsql as $$
declare
    v_orphans uuid[];
    v_poison uuid[];
begin
    if p_watched < p_silent or now() - pg_postmaster_start_time() < p_silent then
        return;
    end if;
    delete from workers where worker_id in (
        select worker_id from workers where beat_at < now() - p_silent for update skip locked);
    if not found and not p_sweep then
        return;
    end if;
    select array_agg(orphan.task_id) into v_orphans from (
        select t.task_id from sync_tasks t
        where t.owner is not null and not exists (select 1 from workers w where w.worker_id = t.owner)
        order by t.task_id for update skip locked) orphan;
    if v_orphans is null then
        return;
    end if;
    with back as (
        update sync_tasks t
        set state = 'queued', owner = null, queued_at = now(), wait_reason = 'its worker died',
            takeovers = t.takeovers + 1
        where t.task_id = any (v_orphans) and t.state = 'running'
        returning t.task_id, t.takeovers)
    select array_agg(task_id) filter (where takeovers >= p_takeovers_max) into v_poison from back;
    if v_poison is not null then
        return query select * from end_tasks(v_poison, array_fill('failed'::text, array[cardinality(v_poison)]),
            array_fill('stalled'::text, array[cardinality(v_poison)]),
            array_fill(format('%s workers died with this task on the same page', p_takeovers_max),
                array[cardinality(v_poison)]));
    end if;
end $$;

-- Waits that are over.
create function requeue_due(p_limit int) returns bigint language plpgsql as $$
declare
    v_due uuid[];
begin
    select array_agg(due.task_id) into v_due from (
        select t.task_id from sync_tasks t where t.state = 'waiting' and t.due_at <= now()
        order by t.due_at limit p_limit for update skip locked) due;
    if v_due is not null then
        update sync_tasks t set state = 'queued', due_at = null, queued_at = now() where t.task_id = any (v_due);
    end if;
    return coalesce(cardinality(v_due), 0);
end $$;

-- ---- ending ----

create function task_dead_letter_headers(t sync_tasks, p_first timestamptz, p_last timestamptz, p_request text, p_status int,
    p_headers text, p_body text) returns text language sql stable
return json_build_object(
    'ce_specversion', '1.0', 'ce_id', t.task_id || '.' || t.dispatch, 'ce_source', '/sync-fleet',
    'ce_type', 'io.syncfleet.task.dispatched.v1', 'traceparent', t.traceparent,
    '__connect.errors.topic', 'sync.tasks.' || t.provider, '__connect.errors.task.id', t.task_id,
    '__connect.errors.stage', 'FETCH', '__connect.errors.exception.class.name', t.error_class,
    '__connect.errors.exception.message', t.error_message,
    'x-dlq-attempts', greatest(t.attempts, 1)::text, 'x-dlq-first-failed-at', iso_time(coalesce(p_first, p_last, t.ended_at)),
    'x-dlq-last-failed-at', iso_time(coalesce(p_last, t.ended_at)),
    'x-dlq-retryable', (t.error_class = 'transient')::text,
    'x-dlq-request', nullif(p_request, ''), 'x-dlq-response-status', p_status::text,
    'x-dlq-response-headers', nullif(p_headers, ''), 'x-dlq-response-body', nullif(p_body, ''))::text;

create function resend_delay() returns interval language sql stable
return coalesce(nullif(current_setting('syncfleet.outbox_resend_ms', true), ''), '5000')::int
    * interval '1 millisecond';

-- Plans are made once a session, often when the tables are empty. So every statement that runs all the time finds its
-- rows in one of two ways that leave the planner no other plan than the key, however the tables grow: `id = any (array)`,
-- with further arrays read by array_position (a join beside `= any` probes the index for every pair), or a lateral
-- subquery with `offset 0`. Nor does such a statement repeat a partial index's predicate (`ended_at is null`): an index
-- of the few live rows looks small to the planner, and is long with the entries of those that ended since its vacuum.

-- Ends tasks: their state, the events, the syncs' count of open tasks; who brings it to zero ends the sync. Tasks that
-- have ended before are left alone. Returns what was put into the outbox, to be sent at once.
create function end_tasks(p_ids uuid[], p_states text[], p_classes text[], p_messages text[])
returns setof outbox language plpgsql as $$
declare
    v_tasks uuid[];
    v_tenants uuid[];
    v_events outbox[];
    v_members uuid[];
    v_ended int[];
    v_failed int[];
    v_cancelled int[];
    v_syncs uuid[];
begin
    with ended as (
        update sync_tasks t
        set state = p_states[array_position(p_ids, t.task_id)], error_class = p_classes[array_position(p_ids, t.task_id)],
            error_message = p_messages[array_position(p_ids, t.task_id)], ended_at = now(), owner = null, due_at = null,
            queued_at = null, after_task = null, wait_reason = null, sequence = t.sequence + 1
        where t.task_id = any (p_ids) and t.state not in ('completed', 'failed', 'cancelled')
        returning t.task_id, t.tenant_id)
    select array_agg(task_id), array_agg(tenant_id) into v_tasks, v_tenants from ended;
    if v_tasks is null then
        return;
    end if;

    select array_agg(share.sync_id), array_agg(share.ended), array_agg(share.failed), array_agg(share.cancelled)
    into v_members, v_ended, v_failed, v_cancelled
    from (select m.sync_id, count(*)::int as ended, count(*) filter (where t.state = 'failed')::int as failed,
            count(*) filter (where t.state = 'cancelled')::int as cancelled
        from sync_members m
        cross join lateral (select x.state from sync_tasks x where x.task_id = m.task_id offset 0) t
        where m.task_id = any (v_tasks) group by m.sync_id) share;

    -- Two transactions that end tasks of the same syncs lock them in the same order; who comes
    -- last ends the sync, by the clock of that moment: his transaction may have begun before others.
    perform 1 from syncs where sync_id = any (v_members) and ended_at is null order by sync_id for update;

    with counted as (
        update syncs s
        set open_tasks = s.open_tasks - v_ended[array_position(v_members, s.sync_id)],
            failed_tasks = s.failed_tasks + v_failed[array_position(v_members, s.sync_id)],
            cancelled_tasks = s.cancelled_tasks + v_cancelled[array_position(v_members, s.sync_id)],
            ended_at = case when s.open_tasks = v_ended[array_position(v_members, s.sync_id)] then clock_timestamp() end,
            state = case when s.open_tasks > v_ended[array_position(v_members, s.sync_id)] then s.state
                when s.failed_tasks + v_failed[array_position(v_members, s.sync_id)] > 0 then 'failed'
                when s.cancelled_tasks + v_cancelled[array_position(v_members, s.sync_id)] > 0 then 'cancelled'
                else 'completed' end
        where s.sync_id = any (v_members) and s.ended_at is null
        returning s.sync_id, s.ended_at)
    select array_agg(sync_id) filter (where ended_at is not null) into v_syncs from counted;

    update sync_tasks set after_task = null, queued_at = now() where after_task = any (v_tasks);
    if is_followed(v_tenants) then
        v_events := array(select e from publish_tasks(v_tasks) e) || array(select e from publish_syncs(v_syncs) e);
        perform tell_followers(v_events);
        return query select * from unnest(v_events);
    else
        return query select * from publish_tasks(v_tasks);
        if v_syncs is not null then
            return query select * from publish_syncs(v_syncs);
        end if;
    end if;
    if 'failed' = any (p_states) then
        return query select * from bury_tasks(v_tasks);
    end if;
end $$;

-- The document of a result event.
create function result_document(p_event_id uuid, p_of text, p_sync_id uuid, p_sync_ids uuid[], p_task_id uuid,
    p_tenant_id uuid, p_connection_id uuid, p_provider text, p_resource text, p_mode text, p_state text, p_error_class text,
    p_error_message text, p_inserted bigint, p_updated bigint, p_unchanged bigint, p_deleted bigint,
    p_quarantined bigint, p_created_at timestamptz, p_started_at timestamptz, p_ended_at timestamptz, p_sequence int)
returns text language sql stable
return concat('{"event_id":"', p_event_id, '","event_type":"', p_of, '.', p_state, '","occurred_at":', json_time(p_ended_at),
    ',"sync_id":', json_id(p_sync_id), ',"sync_ids":', array_to_json(p_sync_ids), ',"task_id":', json_id(p_task_id),
    ',"tenant_id":"', p_tenant_id, '","connection_id":"', p_connection_id, '","provider":"', p_provider,
    '","resource":', json_text(p_resource), ',"mode":"', p_mode, '","state":"', p_state,
    '","error_class":', json_text(p_error_class), ',"error_message":', json_text(p_error_message),
    ',"records_inserted":', p_inserted, ',"records_updated":', p_updated, ',"records_unchanged":', p_unchanged,
    ',"records_deleted":', p_deleted, ',"records_quarantined":', p_quarantined, ',"created_at":', json_time(p_created_at),
    ',"started_at":', json_time(p_started_at), ',"ended_at":', json_time(p_ended_at), ',"sequence":', p_sequence, '}');

-- The result events of tasks that have just ended.
create function publish_tasks(p_tasks uuid[]) returns setof outbox language plpgsql as $$
begin
    return query
    insert into outbox (event_id, topic, key, value, event_type, subject, due_at)
    select t.event_id, 'sync.results', t.connection_id::text, result_document(t.event_id, 'task', null,
            array(select m.sync_id from sync_members m where m.task_id = t.task_id order by m.sync_id), t.task_id,
            t.tenant_id, t.connection_id, t.provider, t.resource, t.mode, t.state, t.error_class, t.error_message,
            t.records_inserted, t.records_updated, t.records_unchanged, t.records_deleted, t.records_quarantined,
            t.created_at, t.started_at, t.ended_at, t.sequence),
        'task.' || t.state, t.task_id::text, now() + resend_delay()
    from (select t.*, uuid_v7() as event_id from sync_tasks t where t.task_id = any (p_tasks) and t.mode <> 'ask' offset 0) t
    returning *;
end $$;

-- The result events of syncs that have just ended: the sums of their tasks.
create function publish_syncs(p_syncs uuid[]) returns setof outbox language plpgsql as $$
begin
    return query
    insert into outbox (event_id, topic, key, value, event_type, subject, due_at)
    select s.event_id, 'sync.results', s.connection_id::text, result_document(s.event_id, 'sync', s.sync_id,
            array[s.sync_id], null, s.tenant_id, s.connection_id, s.provider, null, s.mode, s.state, t.error_class,
            t.error_message, t.inserted, t.updated, t.unchanged, t.deleted, t.quarantined, s.created_at, t.started_at,
            s.ended_at, 1),
        'sync.' || s.state, s.sync_id::text, now() + resend_delay()
    from (select s.*, uuid_v7() as event_id from syncs s where s.sync_id = any (p_syncs) offset 0) s,
        lateral (
            select min(t.error_class) as error_class, min(t.started_at) as started_at,
                string_agg(t.resource || ': ' || t.error_message, '; ' order by t.resource) as error_message,
                coalesce(sum(t.records_inserted), 0)::bigint as inserted, coalesce(sum(t.records_updated), 0)::bigint as updated,
                coalesce(sum(t.records_unchanged), 0)::bigint as unchanged, coalesce(sum(t.records_deleted), 0)::bigint as deleted,
                coalesce(sum(t.records_quarantined), 0)::bigint as quarantined
            from sync_tasks t
            where t.task_id = any (array(select m.task_id from sync_members m where m.sync_id = s.sync_id))) t
    returning *;
end $$;

-- The dead letters of failed tasks; an account that must be authorised again is no dead letter.
create function bury_tasks(p_tasks uuid[]) returns setof outbox language plpgsql as $$
begin
    perform keep_dead_letters(p_tasks);
    return query
    insert into outbox (event_id, topic, key, value, headers, due_at)
    select uuid_v7(), 'sync.tasks.' || t.provider || '.dlq', t.provider || ':' || t.connection_id,
        task_message(t)::json ->> 'value', task_dead_letter_headers(t, e.first_failed_at, e.last_failed_at, e.request,
            e.response_status, e.response_headers, e.response_body), now() + resend_delay()
    from sync_tasks t
    left join lateral (select * from task_evidence x where x.task_id = t.task_id offset 0) e on true
    where t.task_id = any (p_tasks) and t.state = 'failed' and t.mode <> 'ask' and t.error_class is distinct from 'auth'
    returning *;
end $$;

-- ---- accepting ----

create function accepted_task(p_task_id uuid, p_resource text, p_state text) returns text language sql stable
return concat('{"task_id":"', p_task_id, '","resource":"', p_resource, '","state":"', p_state, '"}');

create function acceptance(p_sync_id uuid, p_provider text, p_connection_id uuid, p_mode text, p_created_at text, p_tasks text)
returns text language sql stable
return concat('{"sync_id":"', p_sync_id, '","state":"queued","provider":"', p_provider, '","connection_id":"',
    p_connection_id, '","mode":"', p_mode, '","created_at":"', p_created_at, '","tasks":[', p_tasks,
    '],"href":"/v1/syncs/', p_sync_id, '"}');
comment on function acceptance is 'the answer to a request that is accepted; p_tasks: one accepted_task each, separated by commas';

create function accepted(p_sync_id uuid, p_joined text[]) returns text language plpgsql stable as $$
begin
    return (select acceptance(s.sync_id, s.provider, s.connection_id, s.mode, iso_time(s.created_at),
        (select string_agg(accepted_task(t.task_id, t.resource, case when t.resource = any (p_joined) then 'queued' else t.state end),
                ',' order by t.resource)
            from sync_members m cross join lateral (select * from sync_tasks x where x.task_id = m.task_id offset 0) t
            where m.sync_id = s.sync_id))
        from syncs s where s.sync_id = p_sync_id);
end $$;
comment on function accepted is 'the same for a sync that is there; p_joined: resources whose tasks were there before it';

-- The task that a sync of this resource joins when it has a live one: the task itself while nobody has claimed it and
-- its mode and bounds are as wide, else one follow-up run, whose bounds are those of all that wait for it. A replay joins any walk, which then begins with it. What is interactive
-- makes so what it joins or waits for. NULL when the live task ended meanwhile.
create function join_live_task(p_connection_id uuid, p_resource text, p_mode text, p_traceparent text,
    p_ripe_at timestamptz, p_from timestamptz default null, p_to timestamptz default null) returns uuid
language plpgsql as $$
declare
    t sync_tasks;
    v_task uuid;
begin
    select * into t from sync_tasks
    where connection_id = p_connection_id and resource = p_resource and ended_at is null and after_task is null and mode <> 'records'
    for update;
    if not found then
        return null;
    end if;
    if t.ripe_at is not null and p_ripe_at is null then
        update sync_tasks set ripe_at = null where task_id = t.task_id;
    end if;
    if t.epoch = 0 and t.state in ('queued', 'dispatched') then
        if t.mode = p_mode and (t.bound_from, t.bound_to) is not distinct from (p_from, p_to)
            or t.mode = 'full' and p_mode in ('full', 'incremental') and num_nulls(t.bound_from, t.bound_to) = 2 then
            return t.task_id;
        elsif 'replay' in (t.mode, p_mode) then
            update sync_tasks set mode = case when p_mode = 'replay' then t.mode else p_mode end, replay = true
            where task_id = t.task_id;
            return t.task_id;
        end if;
    end if;
    insert into sync_tasks (task_id, tenant_id, connection_id, provider, resource, mode, state, ripe_at, after_task,
        traceparent, bound_from, bound_to)
    values (uuid_v7(), t.tenant_id, t.connection_id, t.provider, t.resource, p_mode, 'queued', p_ripe_at, t.task_id,
        p_traceparent, p_from, p_to)
    on conflict (connection_id, resource, (after_task is null)) where ended_at is null and mode <> 'records'
    do update set
        bound_from = case when num_nulls(sync_tasks.bound_from, excluded.bound_from) = 0
            then least(sync_tasks.bound_from, excluded.bound_from) end,
        bound_to = case when num_nulls(sync_tasks.bound_to, excluded.bound_to) = 0
            then greatest(sync_tasks.bound_to, excluded.bound_to) end,
        mode = case when 'full' in (excluded.mode, sync_tasks.mode)
                or (excluded.bound_from, excluded.bound_to) is distinct from (sync_tasks.bound_from, sync_tasks.bound_to)
                    and 'replay' not in (excluded.mode, sync_tasks.mode) then 'full'
            when 'incremental' in (excluded.mode, sync_tasks.mode) then 'incremental' else 'replay' end,
        replay = sync_tasks.replay or 'replay' in (excluded.mode, sync_tasks.mode),
        ripe_at = case when excluded.ripe_at is not null then sync_tasks.ripe_at end
    returning task_id into v_task;
    return v_task;
end $$;

-- The refusal of a request that would join work, if any of its resources has a live task: it names the first, and the first
-- of the syncs that wait for it.
create function sync_in_progress(p_connection_id uuid, p_resources text[]) returns text language plpgsql as $$
declare
    v_resource text;
    v_sync uuid;
begin
    select t.resource, (select min(s.sync_id::text)::uuid from sync_members m join syncs s using (sync_id)
        where m.task_id = t.task_id and s.ended_at is null)
    into v_resource, v_sync from sync_tasks t
    where t.connection_id = p_connection_id and t.resource = any (p_resources) and t.ended_at is null and t.after_task is null
        and t.mode <> 'records'
    order by t.resource limit 1;
    return case when found then (problem(409, 'sync_in_progress', format('%s of this connection is being synced', v_resource),
            '#/resources')::jsonb
        || jsonb_build_object('sync_id', v_sync, 'href', '/v1/syncs/' || v_sync))::text end;
end $$;

-- The problem document of a request that is refused; null: it need not be.
create function refusal(p_verdict text, p_connection_id uuid, p_owner text, p_provider text, p_resources text[]) returns text
language plpgsql as $$
begin
    return case
        when p_verdict = 'unknown_connection' then problem(404, p_verdict,
            'no connection with this id belongs to the caller''s tenant', '#/connection_id')
        when p_verdict = 'wrong_provider' then problem(422, p_verdict,
            format('the connection is one of %s, not of %s', p_owner, p_provider), '#/provider')
        when p_verdict = 'sync_in_progress' then sync_in_progress(p_connection_id, p_resources)
        when p_verdict <> 'repeated' then problem(409, p_verdict,
            'the account must be authorised again before it can be synced', '#/connection_id') end;
end $$;

-- Joins the live tasks of p_resources for a sync that is there already. False when one has ended meanwhile, or when the
-- request would rather be refused: then the sync is gone without a trace.
create function attach_sync(p_sync_id uuid, p_connection_id uuid, p_resources text[], p_mode text, p_traceparent text,
    p_priority text, p_on_conflict text, p_from timestamptz, p_to timestamptz) returns boolean language plpgsql as $$
declare
    v_resource text;
    v_task uuid;
begin
    if p_on_conflict <> 'reject' then
        foreach v_resource in array p_resources loop
            v_task := join_live_task(p_connection_id, v_resource, p_mode, p_traceparent, ripe_after(p_priority), p_from, p_to);
            exit when v_task is null;
            insert into sync_members (sync_id, task_id) values (p_sync_id, v_task);
        end loop;
    end if;
    if v_task is not null then
        return true;
    end if;
    with gone as (delete from sync_members m where m.sync_id = p_sync_id returning m.task_id)
    delete from sync_tasks t
    where t.task_id = any (array(select g.task_id from gone g)) and t.resource <> all (p_resources); -- those it made
    delete from syncs s where s.sync_id = p_sync_id;
    return false;
end $$;

-- Accepts requests, one for each element of the arrays (an array that is null is null in all of them), and answers each
-- with a row, in order: as if they came one after the other. `status` 202: the sync and its tasks are there, and `dispatch`
-- holds the messages to send after the commit (only with p_directs: there are free slots and nobody waits). A request id
-- that was seen before answers with its sync. Anything else is a problem document and changes nothing; p_conflicts 'reject'
-- makes one of work that is wanted already. p_resources are separated by commas. p_froms and p_tos bound what is walked,
-- where the resource can be asked for a span of time.
--
-- One statement judges them all and makes what is new: rows in the order of connection and resource, so that two batches
-- wait for each other in one direction only. `joins` are the resources of a request that have a live task: it joins them
-- in its turn. What comes to nothing there, and an id that is in the batch before, is accepted anew, alone.
create function accept_syncs(p_sync_ids uuid[], p_tenant_ids uuid[], p_source text, p_request_ids text[],
    p_connection_ids uuid[], p_providers text[], p_resources text[], p_modes text[], p_traceparents text[], p_directs boolean[],
    p_priorities text[], p_conflicts text[], p_froms timestamptz[] default null, p_tos timestamptz[] default null)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    r record;
    v_due timestamptz := now() + dispatch_delay(0);
    v_now text := iso_time(now());
begin
    for r in
        with asked as materialized (
            select a.*, c.tenant_id as tenant, c.provider as owner, s.sync_id as seen, case
                    when c.tenant_id is null or c.tenant_id <> a.tenant_id or not c.in_scope then 'unknown_connection'
                    when c.provider <> a.provider then 'wrong_provider'
                    when c.status not in ('active', 'suspect') and a.mode <> 'replay' then 'connection_' || c.status
                    when s.sync_id is not null then 'seen'
                    when a.request_id is not null and a.at > array_position(p_request_ids, a.request_id) then 'repeated'
                    -- nearly always known without a trace
                    when a.on_conflict = 'reject' and sync_in_progress(a.connection_id, string_to_array(a.resources, ','))
                        is not null then 'sync_in_progress'
                end as verdict
            from unnest(p_sync_ids, p_tenant_ids, p_request_ids, p_connection_ids, p_providers, p_resources, p_modes,
                    p_traceparents, p_directs, p_priorities, p_conflicts, p_froms, p_tos) with ordinality as a (sync_id,
                    tenant_id, request_id, connection_id, provider, resources, mode, traceparent, direct, priority,
                    on_conflict, bound_from, bound_to, at)
            left join lateral (select x.tenant_id, x.provider, x.status, may_touch(x.tenant_id, x.owner_user_id) as in_scope
                from connections x where x.connection_id = a.connection_id offset 0) c on true
            left join lateral (select x.sync_id from syncs x where x.request_id = a.request_id offset 0) s on true),
        started as (
            insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, request_id, open_tasks, backfill,
                traceparent)
            select a.sync_id, a.tenant, a.connection_id, a.provider, a.mode, p_source, a.request_id,
                cardinality(string_to_array(a.resources, ',')), a.priority = 'backfill', a.traceparent
            from asked a where a.verdict is null),
        wanted as materialized (
            select a.*, n as resource, uuid_v7() as task_id, case when a.direct then 'dispatched' else 'queued' end as state
            from asked a cross join lateral unnest(string_to_array(a.resources, ',')) n
            where a.verdict is null),
        made as (
            insert into sync_tasks (task_id, tenant_id, connection_id, provider, resource, mode, state, dispatch, due_at,
                queued_at, ripe_at, bound_from, bound_to, traceparent)
            select w.task_id, w.tenant, w.connection_id, w.provider, w.resource, w.mode, w.state, w.direct::int,
                case when w.direct then v_due end, case when not w.direct then now() end, ripe_after(w.priority),
                w.bound_from, w.bound_to, w.traceparent
            from wanted w order by w.connection_id, w.resource, w.at
            on conflict (connection_id, resource, (after_task is null)) where ended_at is null and mode <> 'records' do nothing
            returning task_id),
        joined as (
            insert into sync_members (sync_id, task_id) select w.sync_id, w.task_id from wanted w join made m using (task_id)),
        told as (
            select w.at, string_agg(accepted_task(w.task_id, w.resource, w.state), ',') as tasks,
                string_agg(case when w.direct and not w.joins then task_message(w.task_id, 1, w.provider, w.resource,
                    w.connection_id, w.tenant, w.mode, w.traceparent) end, ',') as messages,
                array_agg(w.resource) filter (where w.joins) as joins
            from (select x.*, m.task_id is null as joins from wanted x left join made m using (task_id)
                order by x.at, x.resource) w
            group by w.at)
        select a.at, a.verdict, a.owner, a.seen, t.joins, '[' || t.messages || ']' as messages, case when t.joins is null
            then acceptance(a.sync_id, a.provider, a.connection_id, a.mode, v_now, t.tasks) end as answer
        from asked a left join told t using (at) order by a.at
    loop
        status := 202;
        location := null;
        dispatch := null;
        if r.verdict is null and (r.joins is null or attach_sync(p_sync_ids[r.at], p_connection_ids[r.at], r.joins,
                p_modes[r.at], p_traceparents[r.at], p_priorities[r.at], p_conflicts[r.at], p_froms[r.at], p_tos[r.at])) then
            location := '/v1/syncs/' || p_sync_ids[r.at];
            body := coalesce(r.answer, accepted(p_sync_ids[r.at], r.joins));
            dispatch := r.messages;
        elsif r.verdict = 'seen' then
            location := '/v1/syncs/' || r.seen;
            body := accepted(r.seen, '{}');
        else
            body := refusal(r.verdict, p_connection_ids[r.at], r.owner, p_providers[r.at], string_to_array(p_resources[r.at], ','));
            if body is null then
                return query select * from accept_sync(p_sync_ids[r.at], p_tenant_ids[r.at], p_source, p_request_ids[r.at],
                    p_connection_ids[r.at], p_providers[r.at], string_to_array(p_resources[r.at], ','), p_modes[r.at],
                    p_traceparents[r.at], p_directs[r.at], p_priorities[r.at], p_conflicts[r.at], p_froms[r.at], p_tos[r.at]);
                continue;
            end if;
            status := (body::json ->> 'status')::int;
        end if;
        return next;
    end loop;
end $$;

-- Accepts one request.
create function accept_sync(p_sync_id uuid, p_tenant_id uuid, p_source text, p_request_id text, p_connection_id uuid,
    p_provider text, p_resources text[], p_mode text, p_traceparent text, p_direct boolean,
    p_priority text default 'interactive', p_on_conflict text default 'attach', p_from timestamptz default null,
    p_to timestamptz default null)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
begin
    return query select * from accept_syncs(array[p_sync_id], array[p_tenant_id], p_source, array[p_request_id],
        array[p_connection_id], array[p_provider], array[array_to_string(p_resources, ',')], array[p_mode], array[p_traceparent],
        array[p_direct], array[p_priority], array[p_on_conflict], array[p_from], array[p_to]);
end $$;

-- Asks for the replay of a resource's quarantined records, all or those of p_ids: a sync of mode replay, whose task reads
-- them anew. p_tenant_id null: whoever runs the fleet asks. Tasks before records, as workers lock them.
create function replay_records(p_sync_id uuid, p_tenant_id uuid, p_connection_id uuid, p_resource text, p_ids uuid[],
    p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections;
    v_replaying boolean;
begin
    select * into c from connections x
    where x.connection_id = p_connection_id and (p_tenant_id is null or x.tenant_id = p_tenant_id)
        and may_touch(x.tenant_id, x.owner_user_id);
    if not found then
        return query select 404, null::text, problem(404, 'unknown_connection',
            'no connection with this id belongs to the caller''s tenant', '#/connection_id'), null::text;
        return;
    elsif not exists (select from dead_records d where d.connection_id = p_connection_id and d.resource = p_resource
            and (p_ids is null or d.dead_record_id = any (p_ids))) then
        return query select 409, null::text, problem(409, 'nothing_to_replay',
            'no such record of this connection and resource is in quarantine'), null::text;
        return;
    end if;
    v_replaying := exists (select from sync_tasks t where t.connection_id = p_connection_id and t.resource = p_resource
        and t.ended_at is null and (t.replay or t.mode = 'replay'));
    return query select * from accept_sync(p_sync_id, c.tenant_id, 'http', null, p_connection_id, c.provider,
        array[p_resource], 'replay', p_traceparent, false, 'backfill');
    -- What a replay that was cancelled has left is asked for no more.
    update dead_records d
    set replay_asked_at = case when p_ids is null or d.dead_record_id = any (p_ids) then now() end
    where d.connection_id = p_connection_id and d.resource = p_resource
        and (p_ids is null or d.dead_record_id = any (p_ids) or (not v_replaying and d.replay_asked_at is not null));
end $$;

create function dead_record_summary(p_id uuid, p_connection_id uuid, p_task_id uuid, p_provider text, p_resource text,
    p_record_id text, p_column text, p_reason text, p_raw bytea, p_times int, p_first_seen_at timestamptz,
    p_last_seen_at timestamptz, p_replay_asked_at timestamptz) returns json language sql stable
return json_build_object('dead_record_id', p_id, 'connection_id', p_connection_id, 'provider', p_provider,
    'resource', p_resource, 'record_id', p_record_id, 'column', p_column, 'reason', p_reason, 'bytes', length(p_raw),
    'times', p_times, 'first_seen_at', iso_time(p_first_seen_at), 'last_seen_at', iso_time(p_last_seen_at),
    'replay_asked_at', iso_time(p_replay_asked_at), 'task_id', p_task_id, 'href', '/v1/dead-records/' || p_id);

-- Cancels a sync. Tasks that no other open sync needs end with it; their workers find the fence closed.
create function cancel_sync(p_sync_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    s syncs;
    v_tasks uuid[];
    v_events uuid[];
begin
    select * into s from syncs x
    where x.sync_id = p_sync_id and x.tenant_id = p_tenant_id and may_touch_connection(x.connection_id);
    if found then
        -- Tasks before syncs, as end_tasks does; and requests that are joining one of them are waited for.
        perform 1 from sync_tasks t
        where t.task_id = any (array(select m.task_id from sync_members m where m.sync_id = p_sync_id))
            and t.ended_at is null
        order by t.task_id for update;
        select * into s from syncs x where x.sync_id = p_sync_id for update;
    end if;
    if s.sync_id is null then
        return query select 404, null::text, problem(404, 'unknown_sync', 'no sync with this id belongs to the caller''s tenant'),
            null::text;
        return;
    elsif s.state in ('completed', 'failed') then
        return query select 409, null::text, problem(409, 'sync_already_ended',
            format('the sync has %s already', s.state)), null::text;
        return;
    elsif s.state = 'running' then
        select array_agg(t.task_id order by t.task_id) into v_tasks
        from sync_members m join sync_tasks t using (task_id)
        where m.sync_id = p_sync_id and t.ended_at is null and not exists (
            select 1 from sync_members o join syncs x using (sync_id)
            where o.task_id = t.task_id and o.sync_id <> p_sync_id and x.ended_at is null);
        if v_tasks is not null then
            select array_agg(e.event_id) into v_events
            from end_tasks(v_tasks, array_fill('cancelled'::text, array[cardinality(v_tasks)]),
                array_fill(null::text, array[cardinality(v_tasks)]), array_fill(null::text, array[cardinality(v_tasks)])) e;
        end if;
        v_events := v_events || end_sync_cancelled(p_sync_id);
        update outbox set due_at = now() where event_id = any (v_events); -- the clock sends them
    end if;
    return query select 202, '/v1/syncs/' || p_sync_id, json_build_object('sync_id', p_sync_id,
        'state', 'cancelled', 'href', '/v1/syncs/' || p_sync_id)::text, null::text;
end $$;

-- A cancelled sync whose remaining tasks go on for others ends by itself, with its event, whose id is returned.
create function end_sync_cancelled(p_sync_id uuid) returns uuid[] language plpgsql as $$
declare
    v_tenant uuid;
    v_events outbox[];
begin
    update syncs set state = 'cancelled', ended_at = now(), open_tasks = 0
    where sync_id = p_sync_id and ended_at is null
    returning tenant_id into v_tenant;
    if not found then
        return null;
    end if;
    v_events := array(select e from publish_syncs(array[p_sync_id]) e);
    if is_followed(array[v_tenant]) then
        perform tell_followers(v_events);
    end if;
    return array(select e.event_id from unnest(v_events) e);
end $$;

-- ---- breakers ----

create function provider_is_failing(p_provider text) returns text language sql immutable
return 'provider ' || p_provider || ' is failing';

create function breaker_time(p_open_ms bigint, p_max_ms bigint, p_openings int) returns interval language sql immutable
return least(p_open_ms * power(2, least(p_openings - 1, 20)), p_max_ms) * interval '1 millisecond';

-- Opens a provider's breaker when enough of the fleet's latest calls have failed. The connection that failed most is left
-- out: one account's trouble, however many tasks it has, is no provider's. Returns a row when it was this call that opened it.
create function breaker_judge(p_provider text, p_fresh interval, p_failures int, p_connections int, p_percent int,
    p_open_ms bigint, p_max_ms bigint, p_probes int, p_last text)
returns table (openings int, open_ms bigint, reason text) language plpgsql as $$
declare
    v_calls bigint;
    v_failures bigint;
    v_worst bigint;
    v_connections int;
    b breakers;
begin
    with seen as (
        select (w.calls -> p_provider ->> 'calls')::bigint as calls, w.calls -> p_provider -> 'failed' as failed
        from workers w
        where w.beat_at > now() - p_fresh and w.calls ? p_provider and w.beat_at > coalesce(
            (select x.closed_at from breakers x where x.provider = p_provider), '-infinity')),
    failed as (
        select e.key, sum(e.value::bigint) as n from seen cross join lateral jsonb_each_text(seen.failed) e group by e.key)
    select (select sum(s.calls) from seen s), sum(f.n), max(f.n), count(*)
    into v_calls, v_failures, v_worst, v_connections from failed f;
    if v_connections < p_connections or v_failures - v_worst < p_failures
        or (v_failures - v_worst) * 100 < p_percent * (v_calls - v_worst) then
        return;
    end if;
    insert into breakers as x (provider, open_until, reason, probes, round_ms)
    values (p_provider, now() + breaker_time(p_open_ms, p_max_ms, 1),
        format('%s of %s calls of %s connections failed, the last: %s', v_failures, v_calls, v_connections, p_last),
        p_probes, p_open_ms)
    on conflict (provider) do update
    set open = true, opened_at = now(), reason = excluded.reason, probes = excluded.probes,
        round_ms = excluded.round_ms, probes_sent = 0, round_until = null,
        openings = case when x.closed_at > now() - p_max_ms * interval '1 millisecond' then x.openings + 1 else 1 end,
        open_until = now() + breaker_time(p_open_ms, p_max_ms,
            case when x.closed_at > now() - p_max_ms * interval '1 millisecond' then x.openings + 1 else 1 end)
    where not x.open
    returning * into b;
    if found then
        return query select b.openings, (extract(epoch from b.open_until - now()) * 1000)::bigint, b.reason;
    end if;
end $$;

-- What a probe came to. Only a half open breaker believes it; a row comes back to the one who decided.
create function breaker_probed(p_provider text, p_good boolean, p_open_ms bigint, p_max_ms bigint, p_last text)
returns table (closed boolean, openings int, open_ms bigint, reason text) language plpgsql as $$
begin
    return query
    update breakers x
    set open = not p_good, closed_at = case when p_good then now() else x.closed_at end,
        openings = x.openings + (not p_good)::int, probes_sent = 0, round_until = null,
        opened_at = case when p_good then x.opened_at else now() end,
        open_until = case when p_good then x.open_until
            else now() + breaker_time(p_open_ms, p_max_ms, x.openings + 1) end,
        reason = case when p_good then x.reason else 'a probe failed: ' || p_last end
    where x.provider = p_provider and x.open and x.open_until <= now()
    returning not x.open, x.openings, greatest(0, (extract(epoch from x.open_until - now()) * 1000)::bigint), x.reason;
end $$;

-- How many tasks of a failing provider may be dispatched now.
create function probe_room(p_provider text) returns int language plpgsql as $$
declare
    b breakers;
begin
    select * into b from breakers x where x.provider = p_provider and x.open for update;
    return case when not found then null when b.open_until > now() then 0
        when b.round_until > now() then greatest(b.probes - b.probes_sent, 0) else b.probes end;
end $$;

create function probes_dispatched(p_provider text, p_n int) returns void language sql
begin atomic
    update breakers
    set probes_sent = case when round_until > now() then probes_sent else 0 end + p_n,
        round_until = case when round_until > now() then round_until else now() + round_ms * interval '1 millisecond' end
    where provider = p_provider;
end;

-- Closes by an operator's word; what waits for it goes on at once.
create function breaker_close(p_provider text) returns boolean language plpgsql as $$
declare
    v_waiting uuid[];
begin
    update breakers set open = false, closed_at = now() where provider = p_provider and open;
    if not found then
        return false;
    end if;
    select array_agg(w.task_id) into v_waiting from (
        select t.task_id from sync_tasks t
        where t.state = 'waiting' and t.provider = p_provider and t.due_at is not null
            and t.wait_reason = provider_is_failing(p_provider)
        order by t.task_id for update) w;
    update sync_tasks set due_at = now() where task_id = any (v_waiting);
    return true;
end $$;
