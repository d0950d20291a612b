-- oldest binary: 0.1.0
-- Callers: what service keys may do and until when, and users who come with tokens.

alter table service_keys
    add rights text[] not null default '{read,sync}'
        check (cardinality(rights) > 0 and rights <@ '{read,sync,connect,admin,operate}'),
    add expires_at timestamptz;
comment on column service_keys.rights is 'read, sync, connect and admin are of the tenant; operate, of the fleet, is given by syncctl only';
create index service_keys_by_tenant on service_keys (tenant_id, key_id);

-- Whoever knows a secret's hash may know whose it is; before that there is no scope.
create function caller_of_key(p_secret_sha256 bytea)
returns table (tenant_id uuid, key_id uuid, rights text, expires_in_ms bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query select k.tenant_id, k.key_id, array_to_string(k.rights, ','),
        ceil(extract(epoch from k.expires_at - now()) * 1000)::bigint
    from service_keys k where k.secret_sha256 = p_secret_sha256 and k.revoked_at is null;
end $$;
comment on function caller_of_key is 'expires_in_ms: null never, not above 0 expired; no row: unknown or revoked';

create function key_document(k service_keys) returns jsonb language sql stable
return jsonb_build_object('key_id', k.key_id, 'name', k.name, 'rights', k.rights, 'created_at', iso_time(k.created_at),
    'expires_at', iso_time(k.expires_at), 'revoked_at', iso_time(k.revoked_at));

-- p_granter: the rights of whoever makes it, or null for the fleet's operator.
create function create_key(p_key_id uuid, p_tenant_id uuid, p_name text, p_rights text[], p_expires_in_s bigint,
    p_granter text[], p_secret_sha256 bytea)
returns table (status int, location text, body text, dispatch text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    k service_keys;
    v_rights text[] := coalesce(p_rights, '{read,sync}');
    v_lacking text[] := array(select r from unnest(v_rights) r
        where not (p_granter is null and serves_fleet()) and r <> all (coalesce(p_granter, '{}')));
begin
    if not may_touch(p_tenant_id, null) then
        return query select 404, null::text, problem(404, 'unknown_tenant', 'the caller is of another tenant'), null::text;
        return;
    elsif v_lacking <> '{}' then
        return query select 403, null::text, problem(403, 'right_not_held', 'the caller cannot give what he does not have: '
            || array_to_string(v_lacking, ', '), '#/rights'), null::text;
        return;
    end if;
    insert into service_keys (key_id, tenant_id, name, rights, expires_at, secret_sha256)
    values (p_key_id, p_tenant_id, p_name, v_rights,
        now() + p_expires_in_s * interval '1 second', p_secret_sha256)
    returning * into k;
    return query select 201, '/v1/keys/' || k.key_id, key_document(k)::text, null::text;
end $$;
comment on function create_key is 'a route''s answer: 201 or a problem';

create function revoke_key(p_key_id uuid, p_tenant_id uuid)
returns table (status int, location text, body text, dispatch text)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    k service_keys;
begin
    update service_keys x set revoked_at = coalesce(x.revoked_at, now())
    where x.key_id = p_key_id and (p_tenant_id is null or x.tenant_id = p_tenant_id) and may_touch(x.tenant_id, null)
    returning * into k;
    if found then
        return query select 200, null::text, key_document(k)::text, null::text;
    else
        return query select 404, null::text, problem(404, 'unknown_key_id',
            'no service key with this id belongs to the caller''s tenant', '{key_id}'), null::text;
    end if;
end $$;
comment on function revoke_key is 'a route''s answer; p_tenant_id null: whoever''s it is';

-- A token's tenant by id or name; the user is null until user_seen has made him.
create function caller_of_token(p_tenant_id uuid, p_tenant_name text, p_subject text)
returns table (tenant_id uuid, user_id uuid)
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
    return query select t.tenant_id, u.user_id
    from tenants t left join users u on u.tenant_id = t.tenant_id and u.external_id = p_subject
    where case when p_tenant_id is not null then t.tenant_id = p_tenant_id else t.name = p_tenant_name end;
end $$;

create function user_seen(p_tenant_id uuid, p_subject text) returns uuid
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_user uuid;
begin
    insert into users (tenant_id, external_id) values (p_tenant_id, p_subject)
    on conflict (tenant_id, external_id) do nothing returning user_id into v_user;
    if v_user is null then
        select u.user_id into v_user from users u where u.tenant_id = p_tenant_id and u.external_id = p_subject;
    end if;
    return v_user;
end $$;
comment on function user_seen is 'the user whom a verified token names, made when he is new';

call show_columns('service_keys');
call open_to_callers('caller_of_key');
call open_to_callers('create_key');
call open_to_callers('revoke_key');
call open_to_callers('caller_of_token');
call open_to_callers('user_seen');
