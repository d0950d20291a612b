-- oldest binary: 0.1.0
-- Requests that are made twice: the answers to those that carried an Idempotency-Key
-- (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/), kept for a day. And what requests ask for
-- beside the core: ends that they wait for, and a sync once more.

create table kept_answers (
    tenant_id uuid not null,
    caller_id uuid not null,
    key text collate "C" not null,
    request_sha256 bytea not null,
    status int not null,
    location text,
    body text,
    sealed_secret bytea,
    kept_at timestamptz not null default now(),
    primary key (tenant_id, caller_id, key)
);
create index kept_answers_by_age on kept_answers (kept_at);
comment on table kept_answers is 'written with the effect of the request, in one transaction';
comment on column kept_answers.caller_id is 'the user or service key: callers do not see each other''s';
comment on column kept_answers.sealed_secret is 'what the answer shows and the body here does not: a new key, say';
comment on column kept_answers.request_sha256 is 'of method, path and body: another request may not use the key';

create type answer as (status int, location text, body text, dispatch text, replayed boolean, secret bytea);

create function kept_life() returns interval language sql immutable
return interval '24 hours';

-- What answers a request before it has any effect: the kept answer, or a refusal. NULL: it may go on, and nobody else can
-- under this key until this transaction ends. It waits for nobody, since other requests share the transaction.
create function recall_answer(p_caller_id uuid, p_key text, p_sha256 bytea) returns answer language plpgsql as $$
declare
    v_tenant uuid := current_tenant();
    k kept_answers;
begin
    if not pg_try_advisory_xact_lock(hashtextextended(p_caller_id || ' ' || p_key, 0)) then
        return row(409, null, problem(409, 'idempotency_key_in_use',
            'another request with this key is under way; try again in a moment', 'Idempotency-Key'), null, false, null)::answer;
    end if;
    select * into k from kept_answers a
    where a.tenant_id = v_tenant and a.caller_id = p_caller_id and a.key = p_key and a.kept_at > now() - kept_life();
    if not found then
        return null;
    elsif k.request_sha256 <> p_sha256 then
        return row(422, null, problem(422, 'idempotency_key_reused',
            'this key was used for another request: another path, or another body', 'Idempotency-Key'), null, false, null)::answer;
    end if;
    return row(k.status, k.location, k.body, null, true, k.sealed_secret)::answer;
end $$;

-- Keeps what a request has led to. A refusal is not kept: it changed nothing, and may be over the next time.
create function keep_answer(p_caller_id uuid, p_key text, p_sha256 bytea, p_secret bytea,
    p_answer answer) returns answer
language plpgsql as $$
begin
    if p_answer.status < 400 then
        insert into kept_answers as k (tenant_id, caller_id, key, request_sha256, status, location, body, sealed_secret)
        values (current_tenant(), p_caller_id, p_key, p_sha256, p_answer.status, p_answer.location, p_answer.body, p_secret)
        on conflict (tenant_id, caller_id, key) do update
        set request_sha256 = excluded.request_sha256, status = excluded.status, location = excluded.location,
            body = excluded.body, sealed_secret = excluded.sealed_secret, kept_at = now();
    end if;
    return p_answer;
end $$;

create function forget_answers(p_limit int) returns bigint language plpgsql as $$
declare
    v_forgotten bigint;
begin
    with old as (
        select a.tenant_id, a.caller_id, a.key from kept_answers a where a.kept_at <= now() - kept_life()
        order by a.kept_at limit p_limit for update skip locked)
    delete from kept_answers a using old
    where a.tenant_id = old.tenant_id and a.caller_id = old.caller_id and a.key = old.key;
    get diagnostics v_forgotten = row_count;
    return v_forgotten;
end $$;

-- Those of the syncs that have ended: what waiting requests are told, who know the ids already.
create function ended_syncs(p_ids uuid[]) returns setof uuid language plpgsql stable as $$
begin
    return query select s.sync_id from syncs s where s.sync_id = any (p_ids) and s.ended_at is not null;
end $$;

create function uuid_at(p timestamptz) returns uuid language sql immutable strict
return (lpad(to_hex(greatest(0, least(extract(epoch from p) * 1000, 281474976710655))::bigint), 12, '0') || repeat('0', 20))::uuid;
comment on function uuid_at is 'the first uuid_v7 of that moment';

-- Asks once more for the resources whose tasks have failed.
create function retry_sync(p_new_id uuid, p_sync_id uuid, p_tenant_id uuid, p_traceparent text)
returns table (status int, location text, body text, dispatch text) language plpgsql as $$
declare
    s syncs;
    v_resources text[];
    v_from timestamptz;
    v_to timestamptz;
begin
    select * into s from syncs x
    where x.sync_id = p_sync_id and x.tenant_id = p_tenant_id and may_touch_connection(x.connection_id);
    if not found then
        return query select 404, null::text, problem(404, 'unknown_sync', 'no sync with this id belongs to the caller''s tenant'),
            null::text;
        return;
    elsif s.state <> 'failed' then
        return query select 409, null::text, problem(409, 'sync_not_failed',
            format('only a sync that has failed can be retried; this one is %s', s.state)), null::text;
        return;
    end if;
    select array_agg(t.resource order by t.resource), min(t.bound_from), max(t.bound_to) into v_resources, v_from, v_to
    from sync_members m join sync_tasks t using (task_id)
    where m.sync_id = p_sync_id and t.state = 'failed';
    return query select * from accept_sync(p_new_id, p_tenant_id, 'http', null, s.connection_id, s.provider, v_resources,
        case s.mode when 'records' then 'incremental' else s.mode end, -- which records, only the failed task knew
        p_traceparent, false, p_from => v_from, p_to => v_to);
end $$;

call isolate('kept_answers', 'false');
call open_to_callers('recall_answer');
call open_to_callers('keep_answer');
call open_to_callers('ended_syncs');
call open_to_callers('retry_sync');
