-- oldest binary: 0.1.0
-- One budget per limit of a provider in the whole fleet. Workers lease from it ahead: starts of calls (rate), units (quota)
-- and permits (concurrency). Times are microseconds since 1970 by this server's clock, which is the only one that counts.

create table rate_budgets (
    budget text primary key,
    provider text not null,
    name text not null,
    kind text not null,
    scale float8 not null default 1,
    closed_until_us bigint not null default 0,
    next_us bigint not null default 0,
    last_us bigint not null default 0,
    credit bigint not null default 0,
    slot bigint not null default 0,
    spent bigint[] not null default '{}',
    renews_us bigint not null default 0,
    used_at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on column rate_budgets.budget is '<provider>.<limit>, and what its scope holds: app, connection, operation';
comment on column rate_budgets.scale is 'learnt from answers: the declared rate or allowance divided by the provider''s';
comment on column rate_budgets.closed_until_us is 'the provider refused a call: nothing is leased before';
comment on column rate_budgets.next_us is 'rate: the next start that is free';
comment on column rate_budgets.credit is 'rate: starts that need not wait for next_us, since nobody called for a whole period';
comment on column rate_budgets.spent is 'quota: units by slot of its period, the newest last (number `slot`); one slot unless it is rolling';
create index rate_budgets_by_name on rate_budgets (provider, name);

create table budget_leases (
    budget text not null,
    worker_id uuid not null,
    units bigint not null,
    wants bigint not null,
    asked_us bigint not null,
    expires_us bigint not null,
    primary key (budget, worker_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
comment on column budget_leases.units is 'quota: unspent; concurrency: permits; rate: none, its starts pass by themselves';
comment on column budget_leases.wants is 'what the worker asked for in vain';

-- What a worker says of a budget, and asks of it. Places in the two lists of a question count from 0.
create type budget_ask as (
    budget text, provider text, name text, kind text,
    allowance float8,       -- quota: units a period; concurrency: permits
    period_us bigint,       -- quota
    rolling boolean,        -- quota
    interval_us float8,     -- rate: between two starts
    window_us bigint,       -- rate: after such a rest `burst` may start at once
    burst bigint,
    refills boolean,        -- rate: the provider's bucket refills while it is drawn from
    keep_us bigint,         -- a lease lives so long
    want bigint,            -- quota: units besides those held; concurrency: permits in all
    need bigint,            -- quota: how many of them somebody waits for
    held bigint,            -- quota: unspent units; concurrency: calls under way
    give bigint, give_slot bigint, -- quota: units that come back, and the slot they were taken from
    close_us bigint,        -- the provider refused a call
    wide int,               -- place of the next wider budget, which is closed when several narrow ones are refused
    remaining bigint,       -- quota: what the provider says is left
    reset_us bigint,        -- quota: until when
    scale float8);

-- Calls that need a start from several rate budgets at once.
create type lane_ask as (budgets int[], want bigint, need bigint);

create function quota_slots(a budget_ask) returns int language sql immutable
return case when a.rolling then 50 else 1 end;

-- A rolling period is 48 slots long. Two more are counted: the one that has just begun, and one for units that were
-- spent after they were leased. Other quotas are renewed at the ends of their periods since 1970, unless told otherwise.
create function quota_slot_us(a budget_ask) returns bigint language sql immutable
return case when a.rolling then greatest(a.period_us / 48, 1) else a.period_us end;

create function quota_spent(b rate_budgets) returns bigint language sql immutable
return (select coalesce(sum(s), 0) from unnest(b.spent) s);

create function quota_slide(b rate_budgets, a budget_ask, p_now bigint) returns rate_budgets language plpgsql as $$
declare
    v_slots int := quota_slots(a);
    v_shift bigint;
begin
    if a.rolling then
        v_shift := p_now / quota_slot_us(a) - b.slot;
    else
        v_shift := case when p_now >= b.renews_us then 1 else 0 end;
        if a.reset_us between 1 and a.period_us then
            b.renews_us := p_now + a.reset_us;
        elsif v_shift > 0 then
            b.renews_us := (p_now / a.period_us + 1) * a.period_us + least(a.period_us / 50, 1000000);
        end if;
    end if;
    if cardinality(b.spent) <> v_slots or v_shift >= v_slots then
        b.spent := array_fill(0::bigint, array[v_slots]);
    elsif v_shift > 0 then
        b.spent := b.spent[v_shift + 1:] || array_fill(0::bigint, array[v_shift::int]);
    end if;
    b.slot := b.slot + greatest(v_shift, 0);
    return b;
end $$;

-- The provider's own count, less what is leased and not spent, is what can be leased.
create function quota_correct(b rate_budgets, a budget_ask, p_unspent bigint) returns rate_budgets language plpgsql as $$
declare
    v_allowance bigint;
    v_missing bigint;
    v_part bigint;
begin
    if a.remaining > a.allowance / b.scale then
        b.scale := a.allowance / a.remaining;
    end if;
    v_allowance := a.allowance / b.scale;
    v_missing := v_allowance - quota_spent(b) - greatest(a.remaining - p_unspent, 0);
    if v_missing > 0 then
        b.spent[quota_slots(a)] := b.spent[quota_slots(a)] + v_missing;
    end if;
    -- Answers are a little late: units that were spent meanwhile are neither in the count nor unspent.
    v_missing := -v_missing - v_allowance / 50;
    for k in 1 .. quota_slots(a) loop
        exit when v_missing <= 0;
        v_part := least(b.spent[k], v_missing);
        b.spent[k] := b.spent[k] - v_part;
        v_missing := v_missing - v_part;
    end loop;
    return b;
end $$;

-- Until something comes back.
create function quota_wait_us(b rate_budgets, a budget_ask, p_now bigint) returns bigint language plpgsql as $$
begin
    if not a.rolling then
        return greatest(b.renews_us - p_now, 1);
    end if;
    for k in 1 .. quota_slots(a) loop
        if b.spent[k] > 0 then
            return greatest((b.slot + k) * quota_slot_us(a) - p_now, 1);
        end if;
    end loop;
    return quota_slot_us(a);
end $$;

-- When a call may start as far as one rate budget is concerned.
create function rate_ready_us(b rate_budgets, a budget_ask, p_at_once boolean) returns bigint language sql immutable
return greatest(b.closed_until_us, case
    when a.refills then b.next_us - ((a.burst - 1) * a.interval_us * b.scale)::bigint
    when p_at_once and b.credit > 0 then 0
    else b.next_us end);

-- One question of a worker about many budgets: what it learnt, what it gives back, what it wants. Budgets come in the
-- order of their keys, so that two workers lock them in the same order. p_lead_us: starts are so far ahead at least, the
-- time of the answer's way; p_horizon_us: and so far at most.
--
-- Starts of a rate budget: `interval` apart, so that as many as are allowed span the period and a margin. After a rest of
-- `window` its credit lets `burst` of all that follow start without that distance: `next_us` is moved on by them all, so no
-- window ever holds more. Where the bucket refills while it is drawn from, `burst` starts may always be ahead.
create function exchange_budgets(p_worker uuid, p_lead_us bigint, p_horizon_us bigint, p_budgets text, p_lanes text)
returns text language plpgsql as $$
declare
    v_asks budget_ask[] := array(select r from jsonb_populate_recordset(null::budget_ask, p_budgets::jsonb) r);
    v_lanes lane_ask[] := array(select r from jsonb_populate_recordset(null::lane_ask, p_lanes::jsonb) r);
    v_rows rate_budgets[] := '{}';
    v_rivals bigint[] := '{}';
    v_said json[] := '{}';
    v_starts json[] := '{}';
    v_now bigint;
    v_others bigint;
    v_unspent bigint;
    v_wanting bigint;
    v_left bigint;
    v_units bigint;
    v_wait bigint;
    v_at bigint;
    v_first bigint;
    v_ready bigint;
    v_latest bigint;
    v_limits int;
    v_most bigint;
    v_list bigint[];
    v_interval float8;
    a budget_ask;
    b rate_budgets;
    l lane_ask;
    k int;
begin
    for i in 1 .. cardinality(v_asks) loop
        a := v_asks[i];
        select * into b from rate_budgets x where x.budget = a.budget for update;
        if not found then
            insert into rate_budgets (budget, provider, name, kind) values (a.budget, a.provider, a.name, a.kind)
            on conflict do nothing;
            select * into b from rate_budgets x where x.budget = a.budget for update;
        end if;
        v_rows[i] := b;
    end loop;
    v_now := extract(epoch from clock_timestamp()) * 1000000;

    for i in 1 .. cardinality(v_asks) loop
        a := v_asks[i];
        continue when coalesce(a.close_us, 0) = 0;
        k := i;
        if a.wide is not null and exists (select from rate_budgets x where x.provider = a.provider and x.name = a.name
                and x.closed_until_us > v_now and x.budget <> a.budget) then
            k := a.wide + 1;
        end if;
        b := v_rows[k];
        b.closed_until_us := greatest(b.closed_until_us, v_now + a.close_us);
        b.next_us := greatest(b.next_us, b.closed_until_us);
        b.credit := 0;
        v_rows[k] := b;
    end loop;

    for i in 1 .. cardinality(v_asks) loop
        a := v_asks[i];
        b := v_rows[i];
        if a.scale is not null then
            -- what was started at a slower rate does not keep back what the greater one allows
            if a.scale < b.scale and b.next_us > v_now then
                b.next_us := greatest(b.closed_until_us,
                    v_now + ((b.next_us - v_now) * (greatest(a.scale, 0.001) / b.scale))::bigint);
            end if;
            b.scale := least(greatest(a.scale, 0.001), 1000);
        end if;
        delete from budget_leases x where x.budget = a.budget and x.expires_us < v_now and x.worker_id <> p_worker;
        select count(*) filter (where x.asked_us > v_now - 5000000), coalesce(sum(x.units), 0),
            count(*) filter (where x.wants > 0 and x.asked_us > v_now - 1000000)
        into v_others, v_unspent, v_wanting
        from budget_leases x where x.budget = a.budget and x.worker_id <> p_worker;
        v_rivals[i] := v_others;
        v_units := 0;
        v_wait := 0;
        v_left := 0;
        if a.kind = 'quota' then
            b := quota_slide(b, a, v_now);
            if a.give > 0 and b.slot - a.give_slot < quota_slots(a) then
                k := quota_slots(a) - (b.slot - a.give_slot);
                b.spent[k] := greatest(b.spent[k] - a.give, 0);
            end if;
            if a.remaining is not null then
                b := quota_correct(b, a, v_unspent + coalesce(a.held, 0));
            end if;
            if b.closed_until_us > v_now then
                v_wait := b.closed_until_us - v_now;
            else
                v_left := greatest((a.allowance / b.scale)::bigint - quota_spent(b), 0);
                v_units := least(v_left, case when v_left > 4 * (v_others + 1) * a.want then a.want else a.need end);
                b.spent[quota_slots(a)] := b.spent[quota_slots(a)] + v_units;
                v_wait := case when v_units < a.need then quota_wait_us(b, a, v_now) else 0 end;
            end if;
            v_unspent := a.held + v_units;
        elsif a.kind = 'concurrency' then
            v_left := greatest(floor(a.allowance / b.scale)::bigint, 1);
            v_units := case
                when b.closed_until_us > v_now then a.held
                when v_wanting > 0 then least(a.want, v_left - v_unspent, greatest(v_left / (v_wanting + 1), 1))
                else least(a.want, v_left - v_unspent) end;
            v_units := greatest(v_units, a.held);
            v_wait := case when b.closed_until_us > v_now then b.closed_until_us - v_now
                when v_units < a.want then 250000 else 0 end;
            v_unspent := v_units;
            v_rivals[i] := v_wanting;
        else
            if v_now >= b.last_us + a.window_us then
                b.credit := greatest(floor(a.burst / b.scale)::bigint, 1);
            end if;
            v_wait := greatest(b.closed_until_us - v_now, 0);
            v_unspent := 0;
        end if;
        insert into budget_leases as x (budget, worker_id, units, wants, asked_us, expires_us)
        values (a.budget, p_worker, v_unspent,
            case a.kind when 'quota' then a.need - v_units when 'concurrency' then a.want - v_units else 0 end,
            v_now, v_now + a.keep_us)
        on conflict on constraint budget_leases_pkey do update set units = excluded.units, wants = excluded.wants,
            asked_us = excluded.asked_us, expires_us = excluded.expires_us;
        v_rows[i] := b;
        v_said[i] := json_build_object('units', v_units, 'expires', v_now + a.keep_us, 'wait', v_wait, 'slot', b.slot,
            'rivals', v_rivals[i], 'closed', greatest(b.closed_until_us - v_now, 0));
    end loop;

    for j in 1 .. cardinality(v_lanes) loop
        l := v_lanes[j];
        v_list := '{}';
        v_wait := 0;
        v_limits := null;
        v_first := v_now + p_lead_us;
        v_most := l.want;
        foreach k in array l.budgets loop
            v_interval := v_asks[k + 1].interval_us * v_rows[k + 1].scale;
            -- Who shares takes only what somebody waits for, a second's worth at most, divided by the sharers.
            v_most := least(v_most, case when v_rivals[k + 1] > 0
                then least(l.need, greatest(ceil(1000000 / (v_interval * (v_rivals[k + 1] + 1))), 1))
                else greatest(l.need, least(l.want, 1000000 / v_interval)) end);
        end loop;
        while cardinality(v_list) < v_most loop
            v_at := v_first;
            v_latest := null;
            foreach k in array l.budgets loop
                v_ready := greatest(rate_ready_us(v_rows[k + 1], v_asks[k + 1], cardinality(v_list) < l.need), v_first);
                v_interval := v_asks[k + 1].interval_us * v_rows[k + 1].scale;
                if v_ready >= v_at then
                    v_at := v_ready;
                    v_limits := k;
                end if;
                v_latest := least(v_latest, v_ready + greatest(v_interval, 20000)::bigint);
            end loop;
            -- A start that one budget allows much later than another would hold up everybody else at the other.
            if v_at > v_now + p_horizon_us or v_at > v_latest then
                v_wait := v_at - v_now;
                exit;
            end if;
            v_list := v_list || v_at;
            foreach k in array l.budgets loop
                b := v_rows[k + 1];
                b.next_us := greatest(b.next_us, v_at) + (v_asks[k + 1].interval_us * b.scale)::bigint;
                b.last_us := greatest(b.last_us, v_at);
                b.credit := greatest(b.credit - 1, 0);
                v_rows[k + 1] := b;
            end loop;
        end loop;
        v_starts[j] := json_build_object('starts', to_json(v_list), 'wait', v_wait, 'limit', v_limits);
    end loop;

    for i in 1 .. cardinality(v_asks) loop
        b := v_rows[i];
        update rate_budgets x set scale = b.scale, closed_until_us = b.closed_until_us, next_us = b.next_us,
            last_us = b.last_us, credit = b.credit, slot = b.slot, spent = b.spent, renews_us = b.renews_us,
            used_at = now()
        where x.budget = b.budget;
    end loop;
    return json_build_object('now', v_now, 'budgets', array_to_json(v_said), 'lanes', array_to_json(v_starts))::text;
end $$;

-- Opens what a refusal has closed, before its time, and lets the tasks go on that wait for it; returns how many budgets
-- there were.
create function open_limit(p_provider text, p_name text) returns bigint language sql
begin atomic
    with opened as (
        update rate_budgets set closed_until_us = 0, next_us = least(next_us, extract(epoch from now())::bigint * 1000000)
        where provider = p_provider and name = p_name and closed_until_us > extract(epoch from now()) * 1000000
        returning 1),
    gone_on as (
        update sync_tasks set due_at = now()
        where state = 'waiting' and provider = p_provider and due_at is not null
            and wait_reason = 'the provider''s limit ' || p_name)
    select count(*) from opened;
end;

create view limits as
select b.provider, b.name, b.budget, b.kind, b.scale,
    case when b.closed_until_us / 1000000.0 > extract(epoch from now()) then to_timestamp(b.closed_until_us / 1000000.0) end
        as closed_until,
    case b.kind when 'rate' then to_timestamp(b.next_us / 1000000.0) end as next_start,
    case b.kind when 'quota' then quota_spent(b) end as units_spent,
    case b.kind when 'concurrency' then (select coalesce(sum(l.units), 0) from budget_leases l
        where l.budget = b.budget and l.expires_us / 1000000.0 > extract(epoch from now())) end as permits_leased,
    (select count(*) from sync_tasks t where t.state = 'waiting' and t.provider = b.provider and t.due_at is not null
        and t.wait_reason = 'the provider''s limit ' || b.name) as tasks_waiting
from rate_budgets b;
comment on view limits is 'for people: every budget as it stands';
