-- oldest binary: 0.1.0
-- Operating: who did what, providers and connections that are stopped, workers that are drained, dead letters and their
-- replay, and what is forgotten when.

-- ---- who did what ----

create table audit_logs (
    audit_id uuid primary key default uuid_v7(),
    tenant_id uuid,
    actor text not null,
    action text not null check (action <> ''),
    subject text,
    details jsonb not null default '{}',
    created_at timestamptz not null default now()
);
create index audit_logs_by_tenant on audit_logs (tenant_id, audit_id);
comment on column audit_logs.tenant_id is 'null: it concerned the whole fleet';
comment on column audit_logs.subject is 'what it was done to: a provider''s name, an identifier';
call isolate('audit_logs', 'tenant_id = current_tenant() and current_owner() is null');

create function audit(p_tenant_id uuid, p_actor text, p_action text, p_subject text, p_details jsonb) returns void
language sql
begin atomic
    insert into audit_logs (tenant_id, actor, action, subject, details)
    values (p_tenant_id, p_actor, p_action, p_subject, jsonb_strip_nulls(p_details));
end;

create function actor(p_user_id uuid) returns text language plpgsql stable as $$
begin
    return coalesce((select 'user ' || u.external_id from users u where u.user_id = p_user_id), 'service');
end $$;
comment on function actor is 'what a request''s caller is called in audit_logs';

-- ---- what is stopped ----

create table provider_stops (
    provider text primary key,
    kind text not null check (kind in ('paused', 'capped')),
    reason text not null,
    stopped_by text not null,
    stopped_at timestamptz not null default now(),
    rounds int not null default 0,
    probe_at timestamptz,
    round_until timestamptz,
    probes uuid[] not null default '{}',
    probe_pages bigint not null default 0
);
comment on table provider_stops is 'providers of which nothing is dispatched: paused by a person, or capped since too many of its tasks fail';
comment on column provider_stops.probe_at is 'capped: when a few tasks may try';
comment on column provider_stops.probes is 'those tasks; probe_pages: the pages that they had stored before';
comment on column provider_stops.round_until is 'then probes without an outcome are given up, and others go';
call isolate('provider_stops', 'true');

create table connection_pauses (
    connection_id uuid primary key,
    tenant_id uuid not null,
    reason text not null,
    paused_by text not null,
    paused_at timestamptz not null default now()
);
call isolate('connection_pauses');

create function connection_is_paused() returns text language sql immutable
return 'the connection is paused';

create function provider_is_stopped(p_provider text, p_kind text, p_reason text) returns text language sql immutable
return case p_kind when 'paused' then 'provider ' || p_provider || ' is paused'
    else 'provider ' || p_provider || ' is stopped: ' || p_reason end;
comment on function provider_is_stopped is 'what its tasks wait for';

create function pause_provider(p_provider text, p_reason text, p_by text) returns json language plpgsql as $$
begin
    insert into provider_stops as s (provider, kind, reason, stopped_by) values (p_provider, 'paused', p_reason, p_by)
    on conflict (provider) do update
    set kind = 'paused', reason = excluded.reason, stopped_by = excluded.stopped_by, stopped_at = now(), rounds = 0,
        probe_at = null, round_until = null, probes = '{}';
    perform audit(null, p_by, 'PROVIDER_PAUSED', p_provider, jsonb_build_object('reason', p_reason));
    return json_build_object('provider', p_provider, 'state', 'paused', 'reason', p_reason, 'since', iso_time(now()));
end $$;

-- Ends a pause or a cap, and forgets what was counted: the failures of before are no reason to stop again.
create function resume_provider(p_provider text, p_by text) returns json language plpgsql as $$
declare
    s provider_stops;
begin
    delete from provider_stops x where x.provider = p_provider returning * into s;
    if found then
        delete from task_ends e where e.provider = p_provider;
        perform audit(null, p_by, 'PROVIDER_RESUMED', p_provider,
            jsonb_build_object('was', s.kind, 'reason', s.reason, 'since', s.stopped_at));
    end if;
    return json_build_object('provider', p_provider, 'state', 'active', 'was', s.kind);
end $$;

-- A paused connection's tasks are held: queued, without a place in the queue. What is on its way to a worker is held when
-- it is claimed. Null: nobody's, or another's.
create function pause_connection(p_connection_id uuid, p_reason text, p_by text) returns json language plpgsql as $$
declare
    c connections;
    v_queued uuid[];
begin
    select * into c from connections x where x.connection_id = p_connection_id;
    if not found or not may_touch(c.tenant_id, c.owner_user_id) then
        return null;
    end if;
    insert into connection_pauses (connection_id, tenant_id, reason, paused_by)
    values (c.connection_id, c.tenant_id, p_reason, p_by)
    on conflict (connection_id) do update
    set reason = excluded.reason, paused_by = excluded.paused_by, paused_at = now();
    select array_agg(q.task_id) into v_queued from (
        select t.task_id from sync_tasks t
        where t.connection_id = p_connection_id and t.ended_at is null and t.queued_at is not null
        order by t.task_id for update) q;
    update sync_tasks set queued_at = null, wait_reason = connection_is_paused() where task_id = any (v_queued);
    perform audit(c.tenant_id, p_by, 'CONNECTION_PAUSED', c.connection_id::text, jsonb_build_object('reason', p_reason));
    return json_build_object('connection_id', c.connection_id, 'paused', true, 'reason', p_reason, 'since', iso_time(now()));
end $$;

-- Claims lock the pause that they obey: whatever they hold is seen here, since the pause is deleted first.
create function resume_connection(p_connection_id uuid, p_by text) returns json language plpgsql as $$
declare
    c connections;
    v_held uuid[];
begin
    select * into c from connections x where x.connection_id = p_connection_id;
    if not found or not may_touch(c.tenant_id, c.owner_user_id) then
        return null;
    end if;
    delete from connection_pauses p where p.connection_id = p_connection_id;
    if found then
        select array_agg(h.task_id) into v_held from (
            select t.task_id from sync_tasks t
            where t.connection_id = p_connection_id and t.ended_at is null and t.state = 'queued' and t.queued_at is null
                and t.after_task is null
            order by t.task_id for update) h;
        update sync_tasks set queued_at = now(), wait_reason = null where task_id = any (v_held);
        perform audit(c.tenant_id, p_by, 'CONNECTION_RESUMED', c.connection_id::text, '{}');
    end if;
    return json_build_object('connection_id', c.connection_id, 'paused', false, 'reason', null, 'since', null);
end $$;

-- ---- the failure cap: a provider whose tasks end in dead letters is stopped ----

-- The dead ones are counted by the transaction that ends them, the others by their workers, which tell with each
-- heartbeat and before each failure: nothing is written for a success.
create table task_ends (
    dead boolean not null,
    slot bigint not null,
    provider text not null,
    tasks bigint not null,
    primary key (dead, slot, provider)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on column task_ends.slot is 'five seconds, counted since 1970';
call isolate('task_ends', 'false');

create function task_ends_slot(p_at timestamptz) returns bigint language sql immutable
return floor(extract(epoch from p_at) / 5)::bigint;

create function count_completed(p_tasks jsonb) returns void language sql
begin atomic
    insert into task_ends as e (dead, slot, provider, tasks)
    select false, task_ends_slot(now()), t.key, t.value::bigint from jsonb_each_text(p_tasks) t order by t.key
    on conflict (dead, slot, provider) do update set tasks = e.tasks + excluded.tasks;
end;

-- What became of the tasks that were let through. One that was completed, or has stored a page, opens the provider; when
-- all have failed it stays closed for twice the time; when they have ended otherwise, others try at once.
create function judge_probes(s provider_stops, p_probe interval) returns void language plpgsql as $$
declare
    v_good boolean;
    v_bad boolean;
    v_open boolean;
begin
    select coalesce(bool_or(t.state = 'completed') or sum(t.page) > s.probe_pages, false),
        coalesce(bool_or(t.state = 'failed' and t.error_class is distinct from 'auth'), false),
        coalesce(bool_or(t.ended_at is null), false)
    into v_good, v_bad, v_open
    from sync_tasks t where t.task_id = any (s.probes);
    if v_good then
        perform resume_provider(s.provider, 'the failure cap');
    elsif not v_open or s.round_until <= now() then
        update provider_stops x
        set probes = '{}', rounds = x.rounds + v_bad::int,
            probe_at = now() + case when v_bad then p_probe * power(2, least(x.rounds + 1, 6)) else '0' end
        where x.provider = s.provider;
    end if;
end $$;

-- Says which providers are stopped; before, stops those whose share of dead letters is too great and judges the probes
-- of the others. No reason holds a provider's words: they may be about a tenant, and all tenants read this.
create function judge_failures(p_percent int, p_tasks int, p_window interval, p_probe interval)
returns table (provider text, kind text, reason text) language plpgsql as $$
#variable_conflict use_column
declare
    v_from bigint := task_ends_slot(now() - p_window);
    v_completed bigint;
    v_reason text;
    s provider_stops;
    f record;
begin
    for s in select * from provider_stops x where cardinality(x.probes) > 0 for update skip locked loop
        perform judge_probes(s, p_probe);
    end loop;
    for f in select e.provider, sum(e.tasks) as tasks from task_ends e
        where e.dead and e.slot >= v_from and p_percent > 0 and not exists (
            select from provider_stops x where x.provider = e.provider)
        group by e.provider having sum(e.tasks) >= p_tasks order by e.provider
    loop
        select coalesce(sum(e.tasks), 0) into v_completed
        from task_ends e where not e.dead and e.slot >= v_from and e.provider = f.provider;
        continue when f.tasks * 100 < p_percent * (f.tasks + v_completed);
        v_reason := format('%s of the last %s tasks failed', f.tasks, f.tasks + v_completed);
        insert into provider_stops (provider, kind, reason, stopped_by, probe_at)
        values (f.provider, 'capped', v_reason, 'the failure cap', now() + p_probe)
        on conflict do nothing;
        if found then
            perform audit(null, 'the failure cap', 'PROVIDER_CAPPED', f.provider, jsonb_build_object('reason', v_reason));
        end if;
    end loop;
    return query select x.provider, x.kind, x.reason from provider_stops x order by x.provider;
end $$;

-- How many tasks of a stopped provider may be dispatched now; null: it is not stopped any more.
create function stop_room(p_provider text) returns int language plpgsql as $$
declare
    s provider_stops;
begin
    select * into s from provider_stops x where x.provider = p_provider for update;
    return case when not found then null
        when s.kind = 'capped' and s.probe_at <= now() and cardinality(s.probes) = 0 then 2 else 0 end;
end $$;

create function stop_probes(p_provider text, p_tasks uuid[]) returns void language sql
begin atomic
    update provider_stops
    set probes = p_tasks, round_until = now() + interval '5 minutes',
        probe_pages = (select coalesce(sum(t.page), 0) from sync_tasks t where t.task_id = any (p_tasks))
    where provider = p_provider and kind = 'capped';
end;

-- ---- workers ----

alter table workers
    add draining boolean not null default false,
    add drain_reason text;
comment on column workers.draining is 'takes no new tasks and gives back those it has, but stays';

create function drain_worker(p_worker_id uuid, p_reason text, p_by text) returns json language plpgsql as $$
begin
    update workers w set draining = true, leaving = true, drain_reason = p_reason where w.worker_id = p_worker_id;
    if not found then
        return null;
    end if;
    perform audit(null, p_by, 'WORKER_DRAINED', p_worker_id::text, jsonb_build_object('reason', p_reason));
    return worker_summary(w) from workers w where w.worker_id = p_worker_id;
end $$;

create function undrain_worker(p_worker_id uuid, p_by text) returns json language plpgsql as $$
begin
    update workers w set draining = false, leaving = false, drain_reason = null where w.worker_id = p_worker_id;
    if not found then
        return null;
    end if;
    perform audit(null, p_by, 'WORKER_UNDRAINED', p_worker_id::text, '{}');
    return worker_summary(w) from workers w where w.worker_id = p_worker_id;
end $$;

create function worker_summary(w workers) returns json language plpgsql stable as $$
declare
    v_tasks int := (select count(*) from sync_tasks t where t.owner = w.worker_id);
begin
    return json_build_object('worker_id', w.worker_id, 'host', w.host, 'pid', w.pid, 'version', w.version,
        'state', case when w.beat_at < now() - interval '5 seconds' then 'silent'
            when w.draining then case when v_tasks > 0 then 'draining' else 'drained' end
            when w.leaving then 'leaving' else 'active' end,
        'reason', w.drain_reason, 'slots', w.slots, 'free_slots', w.free_slots, 'tasks', v_tasks,
        'started_at', iso_time(w.started_at), 'beat_at', iso_time(w.beat_at));
end $$;

create function list_workers() returns json language plpgsql stable as $$
begin
    return coalesce((select json_agg(worker_summary(w) order by w.host, w.pid, w.worker_id) from workers w), '[]');
end $$;

-- ---- dead letters ----

create table dead_letters (
    letter_id uuid primary key default uuid_v7(),
    task_id uuid not null unique,
    tenant_id uuid not null,
    connection_id uuid not null,
    provider text not null,
    resource text not null,
    mode text not null,
    error_class text not null,
    error_message text not null,
    fingerprint text not null,
    attempts int not null,
    pages bigint not null,
    failed_at timestamptz not null default now(),
    settled text check (settled in ('replayed', 'discarded')),
    settled_at timestamptz,
    settled_by text,
    settled_reason text,
    sync_id uuid
);
comment on table dead_letters is 'failed tasks; they are open until they are replayed (by sync_id) or discarded';
comment on column dead_letters.fingerprint is 'the same for letters of one provider, resource, class and message but for numbers and ids';
create index dead_letters_open on dead_letters (letter_id) where settled is null;
create index dead_letters_settled on dead_letters (settled_at) where settled is not null;
call isolate('dead_letters');

-- A word with a digit is a number or an identifier, unless it is a status.
create function mask_message(p text) returns text language sql immutable
return regexp_replace(left(p, 1000), '(?<!HTTP )(?<![\w-])[\w-]*\d[\w-]*', '*', 'g');

create function keep_dead_letters(p_tasks uuid[]) returns void language plpgsql as $$
begin
    with kept as (
        insert into dead_letters (task_id, tenant_id, connection_id, provider, resource, mode, error_class, error_message,
            fingerprint, attempts, pages)
        select t.task_id, t.tenant_id, t.connection_id, t.provider, t.resource, t.mode, coalesce(t.error_class, ''),
            coalesce(t.error_message, ''),
            md5(concat_ws('|', t.provider, t.resource, t.error_class, mask_message(t.error_message))), t.attempts, t.page
        from sync_tasks t
        where t.task_id = any (p_tasks) and t.state = 'failed' and t.mode <> 'ask' and t.error_class is distinct from 'auth'
        on conflict (task_id) do nothing
        returning provider)
    insert into task_ends as e (dead, slot, provider, tasks)
    select true, task_ends_slot(now()), k.provider, count(*) from kept k group by k.provider order by k.provider
    on conflict (dead, slot, provider) do update set tasks = e.tasks + excluded.tasks;
end $$;

-- What a list, a replay or a discard is about; a null is no condition.
create type letter_filter as (
    ids uuid[], connection_id uuid, provider text, resource text, class text, fingerprint text);

create function letter_fits(d dead_letters, f letter_filter) returns boolean language sql immutable
return (f.ids is null or d.task_id = any (f.ids)) and (f.connection_id is null or d.connection_id = f.connection_id)
    and (f.provider is null or d.provider = f.provider) and (f.resource is null or d.resource = f.resource)
    and (f.class is null or d.error_class = f.class) and (f.fingerprint is null or d.fingerprint = f.fingerprint);

-- The open ones in the caller's scope, or all when he operates the fleet; the newest first, before p_before.
create function open_dead_letters(p_operates boolean, f letter_filter, p_before uuid, p_limit bigint)
returns setof dead_letters language plpgsql stable as $$
declare
    v_all boolean := p_operates or serves_fleet();
begin
    return query
    select d.* from dead_letters d
    where d.settled is null and (p_before is null or d.letter_id < p_before) and letter_fits(d, f)
        and (v_all or d.tenant_id = current_tenant() and may_touch_connection(d.connection_id))
    order by d.letter_id desc limit p_limit;
end $$;

create function dead_letter_summary(d dead_letters) returns jsonb language sql stable
return jsonb_build_object('task_id', d.task_id, 'tenant_id', d.tenant_id, 'connection_id', d.connection_id,
    'provider', d.provider, 'resource', d.resource, 'mode', d.mode, 'class', d.error_class, 'message', d.error_message,
    'fingerprint', d.fingerprint, 'attempts', d.attempts, 'pages', d.pages, 'failed_at', iso_time(d.failed_at),
    'href', '/v1/dead-letters/' || d.task_id);

-- One letter with its evidence, settled or not; null: nobody's, or another's.
create function dead_letter(p_operates boolean, p_task_id uuid) returns jsonb language plpgsql stable as $$
declare
    d dead_letters;
    e task_evidence;
begin
    select * into d from dead_letters x where x.task_id = p_task_id;
    if not found or not (p_operates or may_touch_connection(d.connection_id)) then
        return null;
    end if;
    select * into e from task_evidence x where x.task_id = p_task_id;
    return dead_letter_summary(d) || jsonb_build_object(
        'evidence', case when e.task_id is not null then jsonb_build_object(
            'first_failed_at', iso_time(coalesce(e.first_failed_at, e.last_failed_at)),
            'last_failed_at', iso_time(e.last_failed_at), 'request', nullif(e.request, ''),
            'response_status', e.response_status, 'response_headers', nullif(e.response_headers, ''),
            'response_body', nullif(e.response_body, '')) end,
        'settled', d.settled, 'settled_at', iso_time(d.settled_at), 'settled_by', d.settled_by,
        'settled_reason', d.settled_reason, 'sync_id', d.sync_id);
end $$;

-- Whose account can be synced now; a replay of quarantined records asks no provider.
create function letter_can_go(d dead_letters) returns boolean language plpgsql stable as $$
begin
    return exists (select from connections c where c.connection_id = d.connection_id
        and (c.status in ('active', 'suspect') or d.mode = 'replay'));
end $$;

-- Locks the oldest open letters that fit and can be settled so, one more than the limit.
create function lock_dead_letters(p_operates boolean, f letter_filter, p_limit int, p_replay boolean) returns uuid[]
language plpgsql as $$
declare
    v_all boolean := p_operates or serves_fleet();
begin
    return array(
        select d.letter_id from dead_letters d
        where d.settled is null and letter_fits(d, f) and (not p_replay or letter_can_go(d))
            and (v_all or d.tenant_id = current_tenant() and may_touch_connection(d.connection_id))
        order by d.letter_id limit p_limit + 1 for update);
end $$;

create function audit_letters(p_letters uuid[], p_by text, p_action text, p_details jsonb) returns void language sql
begin atomic
    insert into audit_logs (tenant_id, actor, action, details)
    select d.tenant_id, p_by, p_action, jsonb_strip_nulls(p_details) || jsonb_build_object('tasks', count(*),
        'providers', jsonb_agg(distinct d.provider), 'syncs', coalesce(jsonb_agg(distinct d.sync_id)
            filter (where d.sync_id is not null), '[]'))
    from dead_letters d where d.letter_id = any (p_letters) group by d.tenant_id order by d.tenant_id;
end;

-- New syncs of what the letters' tasks were to do, one for each connection and mode; at most p_limit letters in one
-- transaction. Each is marked with its sync, and locked before: whoever replays it again, or at the same time, finds it
-- settled. `waiting` are those whose account must be authorised again first.
create function replay_dead_letters(p_operates boolean, f letter_filter, p_limit int, p_by text, p_traceparent text)
returns json language plpgsql as $$
declare
    v_letters uuid[] := lock_dead_letters(p_operates, f, p_limit, true);
    v_more boolean := cardinality(v_letters) > p_limit;
    v_replayed uuid[] := '{}';
    v_syncs json[] := '{}';
    v_tenant text := current_setting('syncfleet.tenant_id', true);
    v_sync uuid;
    v_status int;
    g record;
begin
    for g in select d.tenant_id, d.connection_id, d.provider, d.mode, array_agg(d.letter_id) as letters,
            array_agg(distinct d.resource order by d.resource) as resources
        from dead_letters d where d.letter_id = any (v_letters[1:p_limit])
        group by d.tenant_id, d.connection_id, d.provider, d.mode order by d.connection_id, d.mode
    loop
        v_sync := uuid_v7();
        if p_operates then -- in the name of the letter's tenant
            perform set_config('syncfleet.tenant_id', g.tenant_id::text, true);
        end if;
        select a.status into v_status from accept_sync(v_sync, g.tenant_id, 'http', null, g.connection_id, g.provider,
            g.resources, case g.mode when 'records' then 'incremental' else g.mode end, p_traceparent, false, 'backfill') a;
        continue when v_status <> 202;
        update dead_letters d
        set settled = 'replayed', settled_at = now(), settled_by = p_by, sync_id = v_sync
        where d.letter_id = any (g.letters);
        v_replayed := v_replayed || g.letters;
        v_syncs := v_syncs || json_build_object('sync_id', v_sync, 'connection_id', g.connection_id,
            'provider', g.provider, 'mode', g.mode, 'resources', g.resources, 'href', '/v1/syncs/' || v_sync);
    end loop;
    perform set_config('syncfleet.tenant_id', coalesce(v_tenant, ''), true);
    perform audit_letters(v_replayed, p_by, 'DEAD_LETTERS_REPLAYED', to_jsonb(f));
    return json_build_object('replayed', cardinality(v_replayed), 'syncs', array_to_json(v_syncs), 'more', v_more,
        'waiting', (select count(*) from open_dead_letters(p_operates, f, null, 10000) d where not letter_can_go(d)));
end $$;

create function discard_dead_letters(p_operates boolean, f letter_filter, p_limit int, p_by text, p_reason text)
returns json language plpgsql as $$
declare
    v_letters uuid[] := lock_dead_letters(p_operates, f, p_limit, false);
    v_more boolean := cardinality(v_letters) > p_limit;
begin
    v_letters := v_letters[1:p_limit];
    update dead_letters d
    set settled = 'discarded', settled_at = now(), settled_by = p_by, settled_reason = p_reason
    where d.letter_id = any (v_letters);
    perform audit_letters(v_letters, p_by, 'DEAD_LETTERS_DISCARDED',
        to_jsonb(f) || jsonb_build_object('reason', p_reason));
    return json_build_object('discarded', cardinality(v_letters), 'more', v_more);
end $$;

-- ---- breakers ----

create function close_breaker(p_provider text, p_by text) returns json language plpgsql as $$
declare
    v_was_open boolean := breaker_close(p_provider);
begin
    if v_was_open then
        perform audit(null, p_by, 'BREAKER_CLOSED', p_provider, '{}');
    end if;
    return json_build_object('provider', p_provider, 'closed', v_was_open);
end $$;

create function list_breakers() returns json language plpgsql stable as $$
begin
    return coalesce((select json_agg(json_build_object('provider', b.provider,
        'state', case when not b.open then 'closed' when b.open_until > now() then 'open' else 'half_open' end,
        'openings', b.openings, 'opened_at', iso_time(b.opened_at), 'open_until', iso_time(b.open_until),
        'closed_at', iso_time(b.closed_at), 'reason', b.reason) order by b.provider) from breakers b), '[]');
end $$;

-- ---- what is forgotten ----

create index task_evidence_by_age on task_evidence (last_failed_at);

create function uuid_v7_floor(p_at timestamptz) returns uuid language sql immutable
return (lpad(to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid;
comment on function uuid_v7_floor is 'no identifier that was made since is smaller';

-- Syncs that ended long ago, with the tasks that no other sync has. Identifiers are in the order of creation.
create function forget_syncs(p_before timestamptz, p_limit int) returns bigint language plpgsql as $$
declare
    v_syncs uuid[];
    v_tasks uuid[];
begin
    select array_agg(o.sync_id) into v_syncs from (
        select s.sync_id from syncs s where s.sync_id < uuid_v7_floor(p_before) and s.ended_at < p_before
        order by s.sync_id limit p_limit for update skip locked) o;
    if v_syncs is null then
        return 0;
    end if;
    with gone as (
        delete from sync_members m where m.sync_id = any (v_syncs) returning m.task_id)
    select array_agg(distinct gone.task_id) into v_tasks from gone;
    delete from sync_tasks t where t.task_id = any (v_tasks) and t.ended_at is not null
        and not exists (select from sync_members m where m.task_id = t.task_id);
    delete from syncs s where s.sync_id = any (v_syncs);
    return cardinality(v_syncs);
end $$;

-- One step of each; the greatest number of rows that one of them took. Budgets are looked through whole, so now and then.
create function forget_old(p_evidence interval, p_syncs interval, p_budgets boolean, p_limit int) returns bigint
language plpgsql as $$
declare
    v_most bigint;
    v_rows bigint;
begin
    delete from task_evidence e where e.task_id = any (array(
        select x.task_id from task_evidence x where x.last_failed_at < now() - p_evidence
        order by x.last_failed_at limit p_limit for update skip locked));
    get diagnostics v_most = row_count;
    delete from dead_letters d where d.letter_id = any (array(
        select x.letter_id from dead_letters x where x.settled is not null and x.settled_at < now() - p_evidence
        order by x.settled_at limit p_limit for update skip locked));
    get diagnostics v_rows = row_count;
    v_most := greatest(v_most, v_rows);
    if p_syncs > interval '0' then
        v_most := greatest(v_most, forget_syncs(now() - p_syncs, p_limit));
    end if;
    if p_budgets then
        delete from task_ends e where e.slot < task_ends_slot(now() - interval '1 day');
        delete from budget_leases l where l.expires_us < (extract(epoch from now()) - 86400) * 1000000;
        delete from rate_budgets b where b.budget = any (array(
            select x.budget from rate_budgets x where x.used_at < now() - interval '30 days' for update skip locked));
    end if;
    return v_most;
end $$;

call open_to_callers('actor');
call open_to_callers('pause_provider');
call open_to_callers('resume_provider');
call open_to_callers('pause_connection');
call open_to_callers('resume_connection');
call open_to_callers('drain_worker');
call open_to_callers('undrain_worker');
call open_to_callers('list_workers');
call open_to_callers('open_dead_letters');
call open_to_callers('dead_letter');
call open_to_callers('replay_dead_letters');
call open_to_callers('discard_dead_letters');
call open_to_callers('close_breaker');
call open_to_callers('list_breakers');

-- ---- what a task is doing ----

-- For whom it waits and until when, its records, its rate, and its end at that rate.
create view task_progress with (security_invoker = true) as
select r.*, round((r.records / r.seconds)::numeric, 1) as rate,
    -- what is left at the rate so far; nothing is promised further ahead than ten years
    case when r.ended_at is null and r.expected_records > r.records and r.records > 0
        then greatest(now(), r.waits_until)
            + least((r.expected_records - r.records) * r.seconds / r.records, 315360000) * interval '1 second' end as estimate
from (
    select t.task_id, t.resource, t.state, t.started_at, t.ended_at, t.error_class, t.error_message,
        coalesce(t.expected_records, rs.full_records) as expected_records,
        t.records_inserted, t.records_updated, t.records_unchanged, t.records_deleted, t.records_quarantined,
        t.records_inserted + t.records_updated + t.records_unchanged + t.records_deleted + t.records_quarantined as records,
        t.xmin as task_xid, b.xmin as breaker_xid, ps.xmin as stop_xid, cp.xmin as pause_xid,
        -- a failing provider keeps what is queued, too; without a time once probes are out
        coalesce(st.stopped, case t.state
            when 'queued' then case when t.after_task is not null then 'earlier_run'
                when b.open then provider_is_failing(t.provider) else 'slot' end
            when 'dispatched' then 'worker'
            when 'waiting' then coalesce(t.wait_reason, 'due_time') end) as waits_for,
        st.stopped,
        case when st.stopped is not null then null
            when t.state = 'waiting' then greatest(t.due_at,
                case when b.open and t.wait_reason = provider_is_failing(t.provider) then b.open_until end)
            when t.state = 'queued' and t.after_task is null and b.open and b.open_until > now() then b.open_until
            end as waits_until,
        case when t.started_at is not null
            then greatest(extract(epoch from coalesce(t.ended_at, now()) - t.started_at)::float8, 0.001) end as seconds
    from sync_tasks t
        left join breakers b on b.provider = t.provider
        left join provider_stops ps on ps.provider = t.provider
        left join connection_pauses cp on cp.connection_id = t.connection_id
        left join resource_states rs on rs.connection_id = t.connection_id and rs.resource = t.resource and t.mode = 'full'
        cross join lateral (select case when t.state in ('queued', 'dispatched', 'waiting') and t.after_task is null
            then case when cp.connection_id is not null then connection_is_paused()
                when ps.provider is not null then provider_is_stopped(ps.provider, ps.kind, ps.reason) end end as stopped) st) r;
grant select on task_progress to syncfleet_api, syncfleet_fleet;
