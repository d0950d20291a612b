-- oldest binary: 0.1.0
-- Schedules: when a connection is synced by itself. All reckoning is done here, by this server's clock and time zones.

create domain schedule_missed as text check (value in ('skip', 'once', 'all'));
create domain schedule_outcome as text check (value in ('started', 'missed', 'skipped'));

create table schedules (
    schedule_id uuid primary key,
    tenant_id uuid not null,
    connection_id uuid not null,
    provider text not null,
    interval_s int check (interval_s >= 60),
    cron text,
    time_zone text,
    resources text[],
    mode sync_mode not null,
    missed schedule_missed not null,
    enabled boolean not null,
    anchor_at timestamptz not null,
    next_tick_at timestamptz,
    last_tick_at timestamptz,
    last_outcome schedule_outcome,
    last_reason text,
    last_sync_id uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((interval_s is null) <> (cron is null) and (cron is null) = (time_zone is null)),
    check (enabled = (next_tick_at is not null))
);
create index schedules_due on schedules (next_tick_at);
create index schedules_by_tenant on schedules (tenant_id, schedule_id);
create index schedules_by_connection on schedules (connection_id, schedule_id);
comment on column schedules.resources is 'null: all that the provider has, also those that it gets later';
comment on column schedules.anchor_at is 'ticks of an interval are whole intervals after it, so they never drift';
comment on column schedules.next_tick_at is 'null: it is switched off';

create table schedule_ticks (
    schedule_id uuid not null references schedules on delete cascade,
    tick_at timestamptz not null,
    outcome schedule_outcome not null,
    reason text,
    sync_id uuid,
    decided_at timestamptz not null,
    primary key (schedule_id, tick_at)
);
comment on table schedule_ticks is 'what became of the latest ticks; whoever is second finds the row';
comment on column schedule_ticks.outcome is
    'started: a sync was made; missed: too late, by the policy; skipped: the connection could not be synced';

-- The latest time that the clock's duty has seen: an earlier one means that the server's clock was set back.
create table schedule_clock (
    one boolean primary key default true check (one),
    seen_at timestamptz not null
);
insert into schedule_clock (seen_at) values ('-infinity');

create function schedule_now() returns timestamptz language sql stable
return now();
comment on function schedule_now is 'the clock of schedules; a test may replace it';

-- ---- cron ----

-- `either`: a day counts when its day of month or its day of week fits; else both must fit.
create type cron as (minutes int[], hours int[], days int[], months int[], weekdays int[], either boolean);

create function cron_fault(p_text text) returns void language plpgsql immutable as $$
begin
    raise exception using message = p_text, errcode = 'invalid_parameter_value';
end $$;

create function cron_value(p_text text, p_low int, p_names text[]) returns int language sql immutable
return case when p_text ~ '^[0-9]' then p_text::int else array_position(p_names, p_text) - 1 + p_low end;

-- One item of a field: "*", "7", "1-5", "mon-fri", "*/10", "8-18/2".
create function cron_item(p_item text, p_field text, p_low int, p_high int, p_names text[]) returns int[]
language plpgsql immutable as $$
declare
    v_parts text[] := regexp_match(p_item, '^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?$');
    v_from int := coalesce(cron_value(v_parts[2], p_low, p_names), p_low);
    v_to int := coalesce(cron_value(v_parts[3], p_low, p_names), case when v_parts[1] is null then v_from else p_high end);
    v_step int := coalesce(v_parts[4]::int, 1);
begin
    if v_parts is null or v_parts[2] is not null and cron_value(v_parts[2], p_low, p_names) is null
        or v_parts[3] is not null and cron_value(v_parts[3], p_low, p_names) is null then
        perform cron_fault(format('the %s "%s" is neither *, nor a value, a range such as 1-5, or either with a step such as */2',
            p_field, p_item));
    elsif v_parts[3] = 'sun' and v_from > 0 then
        v_to := 7;
    end if;
    if v_from < p_low or v_to > p_high or v_from > p_high or v_to < p_low then
        perform cron_fault(format('the %s "%s" is not within %s to %s', p_field, p_item, p_low, p_high));
    elsif v_from > v_to then
        perform cron_fault(format('the %s "%s" runs backwards; write two ranges, such as 5-7,1-2', p_field, p_item));
    elsif v_parts[4] is not null and v_parts[1] is null and v_parts[3] is null then
        perform cron_fault(format('the %s "%s" has a step without a range; write %s-%s/%s', p_field, p_item, v_from, p_high, v_step));
    elsif v_step < 1 or v_step > p_high then
        perform cron_fault(format('the step of the %s "%s" must be within 1 to %s', p_field, p_item, p_high));
    end if;
    return array(select generate_series(v_from, v_to, v_step));
end $$;

create function cron_field(p_text text, p_field text, p_low int, p_high int, p_names text[]) returns int[]
language plpgsql immutable as $$
declare
    v_item text;
    v_values int[] := '{}';
begin
    foreach v_item in array string_to_array(p_text, ',') loop
        v_values := v_values || cron_item(v_item, p_field, p_low, p_high, p_names);
    end loop;
    return array(select distinct v from unnest(v_values) v order by v);
end $$;

-- Five fields as crontab(5) has them, or @hourly and its kin; raises invalid_parameter_value with words for people. As in
-- Vixie's cron, days of month and of week are alternatives unless one of the two fields begins with a star.
create function cron_parse(p_cron text) returns cron language plpgsql immutable strict as $$
declare
    v_text text := lower(btrim(p_cron, E' \t'));
    v_fields text[];
    c cron;
begin
    v_text := coalesce(case v_text when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *'
        when '@midnight' then '0 0 * * *' when '@weekly' then '0 0 * * 0' when '@monthly' then '0 0 1 * *'
        when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *' end, v_text);
    v_fields := regexp_split_to_array(v_text, '[ \t]+');
    if v_text like '@%' then
        perform cron_fault(format('"%s" is not one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually', p_cron));
    elsif cardinality(v_fields) <> 5 or v_text = '' then
        perform cron_fault(format('"%s" has not the five fields minute, hour, day of month, month, day of week', p_cron));
    end if;
    c.minutes := cron_field(v_fields[1], 'minute', 0, 59, '{}');
    c.hours := cron_field(v_fields[2], 'hour', 0, 23, '{}');
    c.days := cron_field(v_fields[3], 'day of month', 1, 31, '{}');
    c.months := cron_field(v_fields[4], 'month', 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
    c.weekdays := array(select distinct v % 7 from unnest(
        cron_field(v_fields[5], 'day of week', 0, 7, '{sun,mon,tue,wed,thu,fri,sat}')) v order by 1);
    c.either := left(v_fields[3], 1) <> '*' and left(v_fields[5], 1) <> '*';
    return c;
end $$;

-- The first day from p_from on, or null: 40 years lie between two 29 February of one weekday around 2100, no more.
create function cron_day(c cron, p_from date) returns date language plpgsql immutable as $$
declare
    v_day date := p_from;
    v_of_month boolean;
    v_of_week boolean;
begin
    while v_day < p_from + 41 * 366 loop
        if extract(month from v_day)::int <> all (c.months) then
            v_day := date_trunc('month', v_day::timestamp) + interval '1 month';
            continue;
        end if;
        v_of_month := extract(day from v_day)::int = any (c.days);
        v_of_week := extract(dow from v_day)::int = any (c.weekdays);
        if v_of_month and v_of_week or c.either and (v_of_month or v_of_week) then
            return v_day;
        end if;
        v_day := v_day + 1;
    end loop;
    return null;
end $$;

-- The first minute on a clock's face after p_after.
create function cron_minute(c cron, p_after timestamp) returns timestamp language plpgsql immutable as $$
declare
    v_from timestamp := date_trunc('minute', p_after) + interval '1 minute';
    v_day date := cron_day(c, v_from::date);
    v_hour int;
    v_minute int;
begin
    if v_day = v_from::date then
        v_hour := extract(hour from v_from);
        select min(m) into v_minute from unnest(c.minutes) m where m >= extract(minute from v_from) and v_hour = any (c.hours);
        if v_minute is not null then
            return v_day + make_interval(hours => v_hour, mins => v_minute);
        end if;
        select min(h) into v_hour from unnest(c.hours) h where h > v_hour;
        if v_hour is not null then
            return v_day + make_interval(hours => v_hour, mins => c.minutes[1]);
        end if;
        v_day := cron_day(c, v_day + 1);
    end if;
    return v_day + make_interval(hours => c.hours[1], mins => c.minutes[1]);
end $$;

-- The first moment at which the zone's clocks show p_local or later. PostgreSQL itself takes the second of two such
-- moments where clocks are set back, and one beyond the gap where they are set forward.
create function zone_moment(p_local timestamp, p_zone text) returns timestamptz language plpgsql stable as $$
declare
    v_moment timestamptz := p_local at time zone p_zone;
    v_before timestamptz := v_moment - interval '24 hours';
    v_first timestamptz := v_before + (p_local - (v_before at time zone p_zone));
begin
    if v_moment at time zone p_zone <> p_local then
        select min(m) into v_moment from generate_series(v_before, v_moment, interval '1 minute') m
        where m at time zone p_zone >= p_local;
    elsif v_first < v_moment and v_first at time zone p_zone = p_local then
        return v_first;
    end if;
    return v_moment;
end $$;

-- The first tick after p_after; null when there never is one. Crons of certain hours go by the clock's face: what falls
-- into a gap comes once, right after it; an hour that comes twice counts once. Those of every hour go by elapsed time.
create function cron_next(c cron, p_zone text, p_after timestamptz) returns timestamptz language plpgsql stable as $$
declare
    v_moment timestamptz := date_trunc('minute', p_after) + interval '1 minute';
    v_local timestamp := p_after at time zone p_zone;
    v_day date;
begin
    while cardinality(c.hours) < 24 loop
        v_local := cron_minute(c, v_local);
        v_moment := zone_moment(v_local, p_zone);
        if v_moment > p_after or v_moment is null then
            return v_moment;
        end if;
    end loop;
    loop
        v_local := v_moment at time zone p_zone;
        v_day := cron_day(c, v_local::date);
        if v_day is null then
            return null;
        elsif v_day > v_local::date then
            v_moment := zone_moment(v_day, p_zone);
        elsif extract(minute from v_local)::int = any (c.minutes) then
            return v_moment;
        else
            v_moment := v_moment + interval '1 minute';
        end if;
    end loop;
end $$;

-- ---- ticks ----

create function interval_next(p_interval_s int, p_anchor timestamptz, p_after timestamptz) returns timestamptz
language sql immutable
return p_anchor + (floor(extract(epoch from p_after - p_anchor) / p_interval_s) + 1) * p_interval_s * interval '1 second';

-- `c` is the parsed s.cron.
create function schedule_next(s schedules, c cron, p_after timestamptz) returns timestamptz language plpgsql stable as $$
begin
    return case when s.interval_s is not null then interval_next(s.interval_s, s.anchor_at, p_after)
        else cron_next(c, s.time_zone, p_after) end;
end $$;

create function schedule_next(s schedules, p_after timestamptz) returns timestamptz language plpgsql stable as $$
begin
    return schedule_next(s, cron_parse(s.cron), p_after);
end $$;

-- The latest ticks that are due, at most p_most, in order. After a long pause only its end is looked at: of a cron
-- longer and longer stretches, until one holds enough.
create function schedule_due(s schedules, p_now timestamptz, p_most int) returns timestamptz[] language plpgsql stable as $$
declare
    v_stretch interval;
    v_from timestamptz;
    v_tick timestamptz;
    v_ticks timestamptz[];
    c cron := cron_parse(s.cron);
begin
    foreach v_stretch in array '{1 hour,1 day,31 days,400 days,41 years}'::interval[] loop
        v_from := greatest(s.next_tick_at, p_now - case when s.interval_s is null then v_stretch
            else p_most * s.interval_s * interval '1 second' end);
        v_tick := schedule_next(s, c, v_from - interval '1 microsecond');
        v_ticks := '{}';
        while v_tick <= p_now loop
            v_ticks := v_ticks || v_tick;
            v_tick := schedule_next(s, c, v_tick);
        end loop;
        exit when cardinality(v_ticks) >= p_most or v_from = s.next_tick_at or s.interval_s is not null;
    end loop;
    -- What was promised is kept, though the zone's rules have changed since.
    return case when v_ticks = '{}' then array[s.next_tick_at]
        else v_ticks[greatest(cardinality(v_ticks) - p_most, 0) + 1:] end;
end $$;

-- Why a tick is not to be run, however its connection is: null when it is.
create function schedule_missed_reason(s schedules, p_tick timestamptz, p_latest timestamptz, p_now timestamptz) returns text
language sql immutable
return case
    when s.missed = 'all' then null
    when p_tick < p_latest then format('a later tick was due already; the policy is %s', s.missed)
    when s.missed = 'skip' and p_tick < p_now - interval '5 minutes' then 'more than five minutes late; the policy is skip' end;

-- Asks for the sync of one tick. The request's id makes it the only one, though the tick's row were gone.
create function schedule_start(s schedules, p_tick timestamptz, p_resources text[])
returns table (sync_id uuid, reason text) language plpgsql as $$
declare
    a record;
begin
    if not coalesce(s.resources, p_resources) <@ p_resources then
        return query select null::uuid, format('%s has not all of the resources %s', s.provider, array_to_string(s.resources, ', '));
        return;
    end if;
    return query select null::uuid, connection_is_paused() || ': ' || p.reason from connection_pauses p
    where p.connection_id = s.connection_id;
    if found then
        return;
    end if;
    select * into a from accept_sync(uuid_v7(), s.tenant_id, 'schedule', 'schedule:' || s.schedule_id || ':' || iso_time(p_tick),
        s.connection_id, s.provider, coalesce(s.resources, p_resources), s.mode, null, false, 'backfill');
    return query select case when a.status = 202 then (a.body::json ->> 'sync_id')::uuid end,
        case when a.status <> 202 then a.body::json ->> 'detail' end;
-- One bad schedule delays nobody; what passes by itself is tried again with all the others.
exception when others then
    if left(sqlstate, 2) in ('40', '53', '55', '57', '58') then
        raise;
    end if;
    return query select null::uuid, sqlerrm;
end $$;

-- Decides on what is due of one schedule, whose row the caller has locked.
create function schedule_run(s schedules, p_now timestamptz, p_resources text[])
returns setof schedule_ticks language plpgsql as $$
declare
    v_due timestamptz[] := schedule_due(s, p_now, 24);
    v_tick timestamptz;
    t schedule_ticks;
begin
    foreach v_tick in array v_due loop
        t := null;
        t.reason := schedule_missed_reason(s, v_tick, v_due[cardinality(v_due)], p_now);
        t.outcome := case when t.reason is not null then 'missed' end;
        insert into schedule_ticks values (s.schedule_id, v_tick, coalesce(t.outcome, 'started'), t.reason, null, p_now)
        on conflict do nothing;
        continue when not found;
        if t.outcome is null then
            select x.sync_id, x.reason into t.sync_id, t.reason from schedule_start(s, v_tick, p_resources) x;
        end if;
        update schedule_ticks k
        set sync_id = t.sync_id, reason = t.reason,
            outcome = coalesce(t.outcome, case when t.sync_id is null then 'skipped' else 'started' end)
        where k.schedule_id = s.schedule_id and k.tick_at = v_tick returning * into t;
        return next t;
    end loop;
    update schedules x
    set next_tick_at = schedule_next(s, p_now), last_tick_at = coalesce(t.tick_at, x.last_tick_at),
        last_outcome = case when t.tick_at is null then x.last_outcome else t.outcome end,
        last_reason = case when t.tick_at is null then x.last_reason else t.reason end,
        last_sync_id = case when t.tick_at is null then x.last_sync_id else t.sync_id end
    where x.schedule_id = s.schedule_id;
    delete from schedule_ticks k where k.schedule_id = s.schedule_id and k.tick_at < (
        select o.tick_at from schedule_ticks o where o.schedule_id = s.schedule_id order by o.tick_at desc offset 99 limit 1);
end $$;

-- When the server's clock was set back, schedules must not wait until it is again as late as it was. Ticks that were run
-- meanwhile have their rows and are not run again; those that were missed get their time.
create function schedule_clock_check(p_now timestamptz) returns void language plpgsql as $$
declare
    v_seen timestamptz;
begin
    select c.seen_at into v_seen from schedule_clock c
    where p_now not between c.seen_at - interval '10 seconds' and c.seen_at + interval '10 seconds' for update skip locked;
    if not found then
        return;
    elsif p_now < v_seen then
        delete from schedule_ticks where tick_at > p_now and outcome <> 'started';
        update schedules s set next_tick_at = least(s.next_tick_at, schedule_next(s, p_now))
        where s.enabled and (s.last_tick_at > p_now or s.updated_at > p_now);
    end if;
    update schedule_clock set seen_at = p_now;
end $$;

-- What the clock does: due schedules become syncs. p_providers and p_resources name, pair by pair, what is declared; a
-- provider that this program does not know is left to one that does. Returns what was decided.
create function run_schedules(p_providers text[], p_resources text[], p_limit int)
returns setof schedule_ticks language plpgsql as $$
declare
    v_now timestamptz := schedule_now();
    s schedules;
begin
    perform schedule_clock_check(v_now);
    for s in
        select * from schedules x where x.next_tick_at <= v_now and x.provider = any (p_providers)
        order by x.next_tick_at limit p_limit for update skip locked
    loop
        return query select * from schedule_run(s, v_now,
            array(select p_resources[i] from generate_subscripts(p_providers, 1) i where p_providers[i] = s.provider));
    end loop;
end $$;

-- ---- what callers do ----

create function schedule_document(s schedules) returns json language sql stable
return json_build_object('schedule_id', s.schedule_id, 'connection_id', s.connection_id, 'provider', s.provider,
    'interval_s', s.interval_s, 'cron', s.cron, 'time_zone', s.time_zone, 'resources', s.resources, 'mode', s.mode,
    'missed', s.missed, 'enabled', s.enabled, 'next_tick_at', iso_time(s.next_tick_at), 'last_tick_at', iso_time(s.last_tick_at),
    'last_outcome', s.last_outcome, 'last_reason', s.last_reason, 'last_sync_id', s.last_sync_id,
    'created_at', iso_time(s.created_at), 'updated_at', iso_time(s.updated_at), 'href', '/v1/schedules/' || s.schedule_id);

-- The next ticks as of now, for people; those that are late are not among them.
create function schedule_next_ticks(s schedules, p_count int) returns text[] language plpgsql stable as $$
declare
    v_tick timestamptz := schedule_now();
    v_ticks text[] := '{}';
    c cron := cron_parse(s.cron);
begin
    while s.enabled and cardinality(v_ticks) < p_count loop
        v_tick := schedule_next(s, c, v_tick);
        exit when v_tick is null;
        v_ticks := v_ticks || iso_time(v_tick);
    end loop;
    return v_ticks;
end $$;

-- Names of the IANA database only: PostgreSQL would take "Mars/Phobos+3", too, as a rule of its own.
create function is_time_zone(p_zone text) returns boolean language plpgsql stable as $$
begin
    perform now() at time zone p_zone;
    return p_zone ~ '^(UTC|Etc/(UTC|GMT([+-]?([0-9]|1[0-4]))?)|[A-Za-z_]+(/[A-Za-z_-]+){1,2})$';
exception when invalid_parameter_value then
    return false;
end $$;

-- What is wrong with a schedule's time, as a problem document; null: nothing.
create function schedule_fault(s schedules) returns text language plpgsql stable as $$
begin
    if (s.interval_s is null) = (s.cron is null) then
        return problem(422, 'not_allowed', 'a schedule has either interval_s or cron', '#/interval_s');
    elsif s.interval_s is not null then
        return case when s.time_zone is not null then
            problem(422, 'not_allowed', 'an interval has no time zone', '#/time_zone') end;
    elsif not is_time_zone(s.time_zone) then
        return problem(422, 'unknown_time_zone', format('there is no time zone "%s"; names are those of the IANA database, '
            || 'such as Europe/Berlin or UTC', s.time_zone), '#/time_zone');
    elsif cron_next(cron_parse(s.cron), s.time_zone, schedule_now()) is null then
        return problem(422, 'invalid_cron', format('"%s" never comes: no such day is in the calendar', s.cron), '#/cron');
    end if;
    return null;
exception when invalid_parameter_value then
    return problem(422, 'invalid_cron', sqlerrm, '#/cron');
end $$;

-- Makes a schedule (p_new), or replaces one whole. A tick that is due stays due unless its time was changed.
create function put_schedule(p_new boolean, p_schedule_id uuid, p_tenant_id uuid, p_connection_id uuid, p_provider text,
    p_interval_s int, p_cron text, p_time_zone text, p_resources text[], p_mode text, p_missed text, p_enabled boolean)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    c connections;
    o schedules;
    s schedules;
    v_problem text;
begin
    select * into c from connections x where x.connection_id = p_connection_id and x.tenant_id = p_tenant_id
        and may_touch(x.tenant_id, x.owner_user_id);
    select * into o from schedules x where x.schedule_id = p_schedule_id and x.tenant_id = p_tenant_id
        and may_touch_connection(x.connection_id) for update;
    s.interval_s := p_interval_s;
    s.cron := p_cron;
    s.time_zone := case when p_cron is not null then coalesce(p_time_zone, 'UTC') else p_time_zone end;
    s.anchor_at := coalesce(o.anchor_at, schedule_now());
    v_problem := case
        when not p_new and o.schedule_id is null then
            problem(404, 'unknown_schedule', 'no schedule with this id belongs to the caller''s tenant', '{schedule_id}')
        when c.connection_id is null then problem(404, 'unknown_connection',
            'no connection with this id belongs to the caller''s tenant', '#/connection_id')
        when o.connection_id <> p_connection_id then
            problem(422, 'not_allowed', 'a schedule stays with its connection', '#/connection_id')
        when c.provider <> p_provider then problem(422, 'wrong_provider',
            format('the connection is one of %s, not of %s', c.provider, p_provider), '#/provider')
        when p_new and (select count(*) from schedules x where x.connection_id = p_connection_id) >= 20 then
            problem(409, 'too_many_schedules', 'a connection has at most 20 schedules', '#/connection_id')
        else schedule_fault(s) end;
    if v_problem is not null then
        return query select (v_problem::json ->> 'status')::int, null::text, v_problem, null::text;
        return;
    end if;
    s.next_tick_at := case when not p_enabled then null
        when o.enabled and (o.interval_s, o.cron, o.time_zone) is not distinct from (s.interval_s, s.cron, s.time_zone)
            then o.next_tick_at
        else schedule_next(s, schedule_now()) end;
    insert into schedules as x (schedule_id, tenant_id, connection_id, provider, interval_s, cron, time_zone, resources, mode,
        missed, enabled, anchor_at, next_tick_at, created_at, updated_at)
    values (p_schedule_id, p_tenant_id, p_connection_id, p_provider, s.interval_s, s.cron, s.time_zone, p_resources, p_mode,
        p_missed, p_enabled, s.anchor_at, s.next_tick_at, schedule_now(), schedule_now())
    on conflict (schedule_id) do update set interval_s = excluded.interval_s, cron = excluded.cron,
        time_zone = excluded.time_zone, resources = excluded.resources, mode = excluded.mode, missed = excluded.missed,
        enabled = excluded.enabled, next_tick_at = excluded.next_tick_at, updated_at = excluded.updated_at
    where x.schedule_id = o.schedule_id and not p_new
    returning * into strict s;
    return query select case when p_new then 201 else 200 end, case when p_new then '/v1/schedules/' || s.schedule_id end,
        schedule_document(s)::text, null::text;
end $$;

create function delete_schedule(p_schedule_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
begin
    delete from schedules x where x.schedule_id = p_schedule_id and x.tenant_id = p_tenant_id
        and may_touch_connection(x.connection_id);
    if found then
        return query select 200, null::text, json_build_object('schedule_id', p_schedule_id, 'deleted', true)::text, null::text;
    else
        return query select 404, null::text, problem(404, 'unknown_schedule',
            'no schedule with this id belongs to the caller''s tenant', '{schedule_id}'), null::text;
    end if;
end $$;

call open_to_callers('put_schedule');
call open_to_callers('delete_schedule');
call isolate('schedules');
call isolate('schedule_ticks', 'exists (select from schedules s where s.schedule_id = schedule_ticks.schedule_id offset 0)');
