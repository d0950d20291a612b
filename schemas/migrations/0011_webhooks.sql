-- oldest binary: 0.1.0
-- Live progress, and webhooks: what was told, where results are sent, and what is still to be sent.

-- ---- live progress ----

-- Nothing is kept for those whom nobody listens to: an index over all ends would cost each of them a tenth.
create table followed_tenants (
    tenant_id uuid primary key,
    until timestamptz not null
);
comment on table followed_tenants is 'somebody listens to all of the tenant''s syncs, or did so lately and may come back: their ends are kept';
create table sync_ends (
    tenant_id uuid not null,
    ended_at timestamptz not null,
    sync_id uuid not null,
    primary key (tenant_id, ended_at, sync_id)
);
create index sync_ends_by_time on sync_ends (ended_at);
call isolate('followed_tenants');
call isolate('sync_ends');

create function row_version(p_xmin xid, p_next bigint) returns bigint language sql immutable parallel safe
return p_next - ((p_next - p_xmin::text::bigint) & 4294967295);
comment on function row_version is 'the transaction that wrote a row, in 64 bits; p_next: of the snapshot that saw it';

create function event_point() returns text language sql volatile
return (extract(epoch from now()) * 1000000)::bigint || '-' || pg_snapshot_xmin(pg_current_snapshot());
comment on function event_point is 'an event''s id: the database''s time, and the version below which everything can be seen';

-- ---- webhooks ----

create table webhooks (
    webhook_id uuid primary key,
    tenant_id uuid not null references tenants,
    url text not null,
    event_types text[] not null,
    description text,
    secret bytea not null,
    old_secret bytea,
    overlap_until timestamptz,
    active boolean not null default true,
    disabled_reason text,
    held_until timestamptz,
    created_at timestamptz not null default now()
);
create index webhooks_by_tenant on webhooks (tenant_id, webhook_id);
comment on column webhooks.secret is 'sealed: 32 bytes, by which deliveries are signed';
comment on column webhooks.old_secret is 'signs too, until overlap_until';
comment on column webhooks.held_until is 'its receiver asked for time (Retry-After)';

create table webhook_deliveries (
    delivery_id uuid primary key default uuid_v7(),
    webhook_id uuid not null references webhooks on delete cascade,
    tenant_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    payload text not null,
    tries int not null default 0,
    due_at timestamptz default now(),
    tried_at timestamptz,
    delivered_at timestamptz,
    last_status int,
    last_error text,
    created_at timestamptz not null default now(),
    unique (webhook_id, event_id)
);
create index webhook_deliveries_due on webhook_deliveries (webhook_id, due_at) where due_at is not null;
create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, delivery_id);
comment on column webhook_deliveries.payload is 'what is signed and sent, byte for byte, at each try';
comment on column webhook_deliveries.due_at is 'the next try; while one is under way, when it counts as lost; null: no further one';

call isolate('webhooks');
call isolate('webhook_deliveries');

create function uuid_floor(p timestamptz) returns uuid language sql immutable
return rpad(lpad(to_hex((extract(epoch from p) * 1000)::bigint), 12, '0'), 32, '0')::uuid;
comment on function uuid_floor is 'below every uuid_v7 that was made from then on';

-- Each ending asks this, so it costs nothing worth counting where there is nobody.
create function is_followed(p_tenants uuid[]) returns boolean language plpgsql stable as $$
begin
    return exists (select from webhooks w where w.tenant_id = any (p_tenants) and w.active)
        or exists (select from followed_tenants f where f.tenant_id = any (p_tenants) and f.until > now());
end $$;

-- What listeners and webhooks get of events that were put into the outbox just now.
create function tell_followers(p_events outbox[]) returns void language plpgsql as $$
begin
    insert into webhook_deliveries (webhook_id, tenant_id, event_id, event_type, payload)
    select w.webhook_id, w.tenant_id, o.event_id, o.event_type, json_build_object(
        'type', o.event_type, 'timestamp', o.value::json ->> 'occurred_at', 'data', o.value::json)::text
    from unnest(p_events) o
        cross join lateral (
            select x.webhook_id, x.tenant_id from webhooks x
            where x.tenant_id = (o.value::json ->> 'tenant_id')::uuid and x.active and o.event_type = any (x.event_types)
            offset 0) w
    order by o.event_id;

    insert into sync_ends (tenant_id, ended_at, sync_id)
    select f.tenant_id, now(), o.subject::uuid
    from unnest(p_events) o
        cross join lateral (
            select x.tenant_id from followed_tenants x
            where x.tenant_id = (o.value::json ->> 'tenant_id')::uuid and x.until > now() offset 0) f
    where o.event_type like 'sync.%'
    on conflict do nothing;
end $$;

-- Where a listener to all of a tenant's syncs begins or goes on (after p_last), and where everybody is. Ends that begin
-- after this are kept for him, also while he is away for a time.
create function follow_tenant(p_tenant_id uuid, p_last text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
begin
    if not coalesce(p_tenant_id = current_tenant(), false) then
        return query select 404, null::text, problem(404, 'unknown_tenant', 'the caller is of another tenant'), null::text;
        return;
    end if;
    insert into followed_tenants as f (tenant_id, until) values (p_tenant_id, now() + interval '4 hours')
    on conflict (tenant_id) do update set until = excluded.until where f.until < now() + interval '3 hours';
    return query select 200, coalesce(p_last, event_point()), event_point(), null::text;
end $$;
call open_to_callers('follow_tenant');

create function webhook_document(p_id uuid, p_url text, p_types text[], p_description text, p_active boolean, p_reason text,
    p_overlap timestamptz, p_created timestamptz) returns jsonb language sql stable
return jsonb_build_object('webhook_id', p_id, 'url', p_url, 'event_types', p_types, 'description', p_description,
    'active', p_active, 'disabled_reason', p_reason, 'old_secret_until', case when p_overlap > now() then iso_time(p_overlap) end,
    'created_at', iso_time(p_created), 'href', '/v1/webhooks/' || p_id);

create function webhook_document(w webhooks) returns text language sql stable
return webhook_document(w.webhook_id, w.url, w.event_types, w.description, w.active, w.disabled_reason, w.overlap_until,
    w.created_at)::text;

create function delivery_document(d webhook_deliveries) returns json language sql stable
return json_build_object('delivery_id', d.delivery_id, 'webhook_id', d.webhook_id, 'event_id', d.event_id, 'type', d.event_type,
    'state', case when d.delivered_at is not null then 'delivered' when d.due_at is not null then 'pending' else 'failed' end,
    'tries', d.tries, 'last_status', d.last_status, 'last_error', d.last_error, 'created_at', iso_time(d.created_at),
    'tried_at', iso_time(d.tried_at), 'due_at', iso_time(d.due_at), 'delivered_at', iso_time(d.delivered_at));

-- What the routes of webhooks answer. Each keeps to the caller's scope: a tenant's webhooks are those of no user.

create function unknown_webhook() returns text language sql immutable
return problem(404, 'unknown_webhook', 'no webhook with this id belongs to the caller''s tenant', '{webhook_id}');

create function create_webhook(p_webhook_id uuid, p_tenant_id uuid, p_url text, p_types text[], p_description text, p_secret bytea)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    w webhooks;
begin
    if not may_touch(p_tenant_id, null) then
        return query select 404, null::text, unknown_webhook(), null::text;
        return;
    end if;
    -- Two requests at the limit come one after the other.
    perform 1 from tenants t where t.tenant_id = p_tenant_id for update;
    if (select count(*) from webhooks x where x.tenant_id = p_tenant_id) >= 50 then
        return query select 409, null::text, problem(409, 'too_many_webhooks', 'a tenant has at most 50 webhooks'), null::text;
        return;
    end if;
    insert into webhooks (webhook_id, tenant_id, url, event_types, description, secret)
    values (p_webhook_id, p_tenant_id, p_url, coalesce(p_types, '{sync.completed,sync.failed,sync.cancelled}'), p_description,
        p_secret)
    returning * into w;
    return query select 201, '/v1/webhooks/' || p_webhook_id, webhook_document(w), null::text;
end $$;

-- What is null stays as it is. Who is switched on again is owed nothing of what came meanwhile.
create function change_webhook(p_webhook_id uuid, p_tenant_id uuid, p_url text, p_types text[], p_description text,
    p_active boolean)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    w webhooks;
begin
    update webhooks x
    set url = coalesce(p_url, x.url), event_types = coalesce(p_types, x.event_types),
        description = coalesce(p_description, x.description), active = coalesce(p_active, x.active),
        disabled_reason = case when p_active then null when not p_active then 'switched off' else x.disabled_reason end,
        held_until = case when p_url is null then x.held_until end
    where x.webhook_id = p_webhook_id and x.tenant_id = p_tenant_id and may_touch(x.tenant_id, null)
    returning * into w;
    if not found then
        return query select 404, null::text, unknown_webhook(), null::text;
        return;
    end if;
    if not w.active then
        perform end_deliveries(array[p_webhook_id]);
    end if;
    return query select 200, null::text, webhook_document(w), null::text;
end $$;

create function end_deliveries(p_webhooks uuid[]) returns void language plpgsql as $$
begin
    update webhook_deliveries d set due_at = null, last_error = 'the webhook was disabled'
    where d.webhook_id = any (p_webhooks) and d.due_at is not null;
end $$;

create function delete_webhook(p_webhook_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
begin
    delete from webhooks x
    where x.webhook_id = p_webhook_id and x.tenant_id = p_tenant_id and may_touch(x.tenant_id, null);
    return query select case when found then 204 else 404 end, null::text, case when not found then unknown_webhook() end, null::text;
end $$;

-- The secret before this one signs too, for a day: receivers change at their own time.
create function rotate_webhook(p_webhook_id uuid, p_tenant_id uuid, p_secret bytea)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    w webhooks;
begin
    update webhooks x set old_secret = x.secret, overlap_until = now() + interval '1 day', secret = p_secret
    where x.webhook_id = p_webhook_id and x.tenant_id = p_tenant_id and may_touch(x.tenant_id, null)
    returning * into w;
    return query select case when found then 200 else 404 end, null::text,
        case when found then webhook_document(w) else unknown_webhook() end, null::text;
end $$;

create function test_webhook(p_webhook_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    w webhooks;
    d webhook_deliveries;
begin
    select * into w from webhooks x
    where x.webhook_id = p_webhook_id and x.tenant_id = p_tenant_id and may_touch(x.tenant_id, null);
    if not found then
        return query select 404, null::text, unknown_webhook(), null::text;
        return;
    elsif not w.active then
        return query select 409, null::text, problem(409, 'webhook_disabled', 'the webhook is not active: '
            || coalesce(w.disabled_reason, '')), null::text;
        return;
    end if;
    insert into webhook_deliveries (webhook_id, tenant_id, event_id, event_type, payload)
    values (w.webhook_id, w.tenant_id, uuid_v7(), 'webhook.test', json_build_object('type', 'webhook.test',
        'timestamp', iso_time(now()), 'data', json_build_object('webhook_id', w.webhook_id))::text)
    returning * into d;
    return query select 202, '/v1/webhooks/' || w.webhook_id || '/deliveries', delivery_document(d)::text, null::text;
end $$;

-- Once more from the beginning, under the same id, whatever came of it.
create function redeliver(p_webhook_id uuid, p_delivery_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    v_active boolean;
    d webhook_deliveries;
begin
    select w.active into v_active
    from webhook_deliveries x join webhooks w using (webhook_id)
    where x.delivery_id = p_delivery_id and x.webhook_id = p_webhook_id and w.tenant_id = p_tenant_id
        and may_touch(w.tenant_id, null);
    if not found then
        return query select 404, null::text, problem(404, 'unknown_delivery',
            'no delivery with this id belongs to the caller''s webhook', '{delivery_id}'), null::text;
        return;
    elsif not v_active then
        return query select 409, null::text, problem(409, 'webhook_disabled', 'the webhook is not active'), null::text;
        return;
    end if;
    update webhook_deliveries x set due_at = now(), tries = 0, delivered_at = null where x.delivery_id = p_delivery_id
    returning * into d;
    return query select 202, '/v1/webhooks/' || p_webhook_id || '/deliveries', delivery_document(d)::text, null::text;
end $$;

call open_to_callers('create_webhook');
call open_to_callers('change_webhook');
call open_to_callers('delete_webhook');
call open_to_callers('rotate_webhook');
call open_to_callers('test_webhook');
call open_to_callers('redeliver');

-- ---- sending ----

-- Deliveries that are due, of every webhook as many as it has places left here ($2 of $1 are under way, at most p_each), and
-- nobody else has them for p_lease.
create function claim_deliveries(p_webhooks uuid[], p_under_way bigint[], p_each bigint, p_limit bigint, p_lease interval)
returns table (delivery_id uuid, webhook_id uuid, tenant_id uuid, event_id uuid, payload text, tries int, url text, secret bytea,
    old_secret bytea) language plpgsql as $$
declare
    v_due uuid[];
begin
    with recursive hook as (
        (select d.webhook_id as id from webhook_deliveries d where d.due_at is not null order by d.webhook_id limit 1)
        union all
        select (select d.webhook_id from webhook_deliveries d where d.due_at is not null and d.webhook_id > hook.id
            order by d.webhook_id limit 1)
        from hook where hook.id is not null),
    due as (
        select x.delivery_id, row_number() over (partition by hook.id order by x.due_at) as place
        from hook
            cross join lateral (
                select w.webhook_id from webhooks w
                where w.webhook_id = hook.id and w.active and coalesce(w.held_until <= now(), true) offset 0) w
            cross join lateral (
                select d.delivery_id, d.due_at from webhook_deliveries d
                where d.webhook_id = w.webhook_id and d.due_at <= now()
                order by d.due_at
                limit greatest(p_each - coalesce(p_under_way[array_position(p_webhooks, w.webhook_id)], 0), 0)
                for update skip locked) x)
    select array_agg(p.delivery_id) into v_due from (select due.delivery_id from due order by due.place limit p_limit) p;
    if v_due is null then
        return;
    end if;
    return query
    with taken as (
        update webhook_deliveries d set due_at = now() + p_lease, tries = d.tries + 1, tried_at = now()
        where d.delivery_id = any (v_due) returning d.*)
    select t.delivery_id, t.webhook_id, t.tenant_id, t.event_id, t.payload, t.tries, w.url, w.secret,
        case when w.overlap_until > now() then w.old_secret end
    from taken t join webhooks w using (webhook_id);
end $$;

-- What came of tries, by their places: the try's number, the answer's status or null, what was wrong or null, milliseconds to
-- the next try (null: none), whether the receiver is gone for good, and for how many milliseconds it asks to be left alone.
-- A try that was given up for lost and made again is told by the later one, unless it has succeeded.
create function record_deliveries(p_ids uuid[], p_tries bigint[], p_statuses bigint[], p_errors text[], p_next_ms bigint[],
    p_gone boolean[], p_hold_ms bigint[]) returns void language plpgsql as $$
declare
    v_gone uuid[];
begin
    update webhook_deliveries d
    set last_status = r.status, last_error = r.error, delivered_at = case when r.error is null then now() end,
        due_at = case when r.error is not null then now() + r.next_ms * interval '1 millisecond' end
    from unnest(p_ids, p_tries, p_statuses, p_errors, p_next_ms) r (id, tries, status, error, next_ms)
    where d.delivery_id = r.id and (d.tries = r.tries or r.error is null) and d.delivered_at is null;

    update webhooks w
    set active = w.active and not h.gone, held_until = coalesce(now() + h.hold_ms * interval '1 millisecond', w.held_until),
        disabled_reason = case when h.gone then 'its receiver answered 410 Gone' else w.disabled_reason end
    from (
        select d.webhook_id, bool_or(r.gone) as gone, max(r.hold_ms) as hold_ms
        from unnest(p_ids, p_gone, p_hold_ms) r (id, gone, hold_ms) join webhook_deliveries d on d.delivery_id = r.id
        group by d.webhook_id having bool_or(r.gone) or max(r.hold_ms) is not null) h
    where w.webhook_id = h.webhook_id;
    v_gone := array(select d.webhook_id from unnest(p_ids, p_gone) r (id, gone) join webhook_deliveries d on d.delivery_id = r.id
        where r.gone);
    if v_gone <> '{}' then
        perform end_deliveries(v_gone);
    end if;
end $$;

create function forget_deliveries(p_keep interval, p_limit bigint) returns bigint language plpgsql as $$
declare
    v_deleted bigint;
begin
    delete from webhook_deliveries d where d.delivery_id in (
        select x.delivery_id from webhook_deliveries x
        where x.delivery_id < uuid_floor(now() - p_keep) and x.due_at is null
        order by x.delivery_id limit p_limit for update skip locked);
    get diagnostics v_deleted = row_count;
    delete from sync_ends e where e.ended_at < now() - interval '2 hours';
    return v_deleted;
end $$;
