-- oldest binary: 0.1.0
-- Who may see what. Row level security on every table that a caller's request reads: its transactions run as
-- syncfleet_api, which owns nothing, in the scope of a tenant, and of a user where he sees only his own. The fleet's own
-- sessions belong to syncfleet_fleet and see everything; functions that are `security definer` do, too, and have the
-- scope in their predicates.

-- Roles belong to the whole server: another database may have made them already, even just now.
do $$
declare
    v_role text;
    v_undone text[] := '{}';
begin
    foreach v_role in array array['syncfleet_api', 'syncfleet_fleet'] loop
        if not exists (select from pg_roles where rolname = v_role) then
            begin
                execute format('create role %I nologin', v_role);
            exception
                when duplicate_object or unique_violation then null;
                when insufficient_privilege then v_undone := v_undone || format('create role %I nologin;', v_role);
            end;
        end if;
        if not exists (select from pg_roles where rolname = v_role and pg_has_role(current_user, oid, 'usage')) then
            begin
                execute format('grant %I to %I', v_role, current_user);
            exception when insufficient_privilege or undefined_object then
                v_undone := v_undone || format('grant %I to %I;', v_role, current_user);
            end;
        end if;
    end loop;
    if v_undone <> '{}' then
        raise insufficient_privilege using message = format(
            'role %I may not create roles. Let an administrator of the server run: %s Then run this again', current_user,
            array_to_string(v_undone, ' '));
    end if;
    if not has_schema_privilege('syncfleet_api', current_schema(), 'usage')
        or not has_schema_privilege('syncfleet_fleet', current_schema(), 'usage') then
        execute format('grant usage on schema %I to syncfleet_api, syncfleet_fleet', current_schema());
    end if;
    -- What the fleet's sessions need, whoever logs in; the tables to come included.
    execute format('grant select, insert, update, delete on all tables in schema %I to syncfleet_fleet', current_schema());
    execute format('alter default privileges in schema %I grant select, insert, update, delete on tables to syncfleet_fleet',
        current_schema());
end $$;

create function current_tenant() returns uuid language sql stable parallel safe
return nullif(current_setting('syncfleet.tenant_id', true), '')::uuid;
comment on function current_tenant is 'whose rows this transaction may touch; null: nobody''s';

create function current_owner() returns uuid language sql stable parallel safe
return nullif(current_setting('syncfleet.user_id', true), '')::uuid;
comment on function current_owner is 'the user to whose own rows it is confined; null: all of the tenant''s';

create table users (
    user_id uuid primary key default uuid_v7(),
    id uuid not null unique generated always as (user_id) stored,
    tenant_id uuid not null references tenants,
    external_id text not null check (external_id <> ''),
    created_at timestamptz not null default now(),
    unique (tenant_id, external_id)
);
comment on column users.external_id is 'the `sub` of the tokens that this user calls with';

alter table connections add owner_user_id uuid references users;
create index connections_by_owner on connections (owner_user_id) where owner_user_id is not null;

-- ---- functions that callers' requests run ----

-- By the role that was set or has logged in: inside of a function that is `security definer` current_user is its owner.
create function serves_fleet() returns boolean language sql stable
return pg_has_role(coalesce(nullif(current_setting('role'), 'none')::name, session_user), 'syncfleet_fleet', 'usage');
comment on function serves_fleet is 'whether no caller''s request runs here, but the fleet''s own work or a command of its operators';

create function may_touch(p_tenant_id uuid, p_owner uuid) returns boolean language sql stable
return coalesce(p_tenant_id = current_tenant() and (current_owner() is null or p_owner = current_owner()), false)
    or serves_fleet();
comment on function may_touch is 'whether what belongs to this tenant, and to this user or to none, is in the scope';

create function may_touch_connection(p_connection_id uuid) returns boolean language plpgsql stable as $$
begin
    return exists (select from connections c where c.connection_id = p_connection_id
        and may_touch(c.tenant_id, c.owner_user_id));
end $$;

-- Lets requests call a function that reads and writes what row level security hides from them: it runs as the owner, so
-- its predicates must hold may_touch or current_tenant, and tests/system/test_tenants.py a case that tries another
-- tenant. Names are looked up where they are now, not where the caller says.
create procedure open_to_callers(p_function regproc) language plpgsql as $$
declare
    v_signature text := p_function::oid::regprocedure;
begin
    execute format('alter function %s security definer set search_path = %I, pg_temp', v_signature, current_schema());
    execute format('revoke execute on function %s from public', v_signature);
    execute format('grant execute on function %s to syncfleet_api, syncfleet_fleet', v_signature);
end $$;

call open_to_callers('accept_syncs');
call open_to_callers('cancel_sync');
call open_to_callers('replay_records');

-- ---- tables ----

create function has_column(p_table regclass, p_column text) returns boolean language plpgsql stable as $$
begin
    return exists (select from pg_attribute a where a.attrelid = p_table and a.attname = p_column and not a.attisdropped);
end $$;

-- Whose rows a table's are: an owner's, those of a connection, or the tenant's. Settings are read once a statement, and a
-- user's own connections are few.
create function rows_in_scope(p_table regclass) returns text language plpgsql stable as $$
begin
    if not has_column(p_table, 'tenant_id') then
        raise exception 'isolate: % has no tenant_id: say which of its rows a request may see', p_table;
    end if;
    return 'tenant_id = (select current_tenant())' || case
        when has_column(p_table, 'owner_user_id') then
            ' and ((select current_owner()) is null or owner_user_id = (select current_owner()))'
        when has_column(p_table, 'connection_id') then
            ' and ((select current_owner()) is null or connection_id in (select c.connection_id from connections c'
            ' where c.owner_user_id = (select current_owner())))'
        else '' end;
end $$;

-- Lets requests read every column that there is but those called secret: again after columns were added to such a table.
create procedure show_columns(p_table regclass) language plpgsql as $$
declare
    v_shown text;
    v_hidden bigint;
begin
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum) filter (where a.attname !~ 'secret'),
        count(*) filter (where a.attname ~ 'secret')
    into v_shown, v_hidden
    from pg_attribute a where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped;
    execute format('grant select%s on %s to syncfleet_api', case when v_hidden > 0 then ' (' || v_shown || ')' end, p_table);
end $$;

-- Puts a table under row level security: the fleet sees everything, a caller's transaction what p_rows lets it (null: what
-- is in its scope, by the table's columns), and writes only when it may (p_writes: 'insert, update').
--
-- p_forced false is for tables that workers fill by COPY, which PostgreSQL refuses where policies hold: their owner, who
-- is the fleet, is exempt there by ownership, elsewhere by the policy `fleet`. Requests run as neither.
create procedure isolate(p_table regclass, p_rows text default null, p_writes text default null, p_forced boolean default true)
language plpgsql as $$
declare
    v_rows text := coalesce(p_rows, rows_in_scope(p_table));
begin
    execute format('alter table %s enable row level security', p_table);
    if p_forced then
        execute format('alter table %s force row level security', p_table);
    end if;
    execute format('create policy fleet on %s to syncfleet_fleet using (true) with check (true)', p_table);
    execute format('create policy api on %s to syncfleet_api using (%s) with check (%s)', p_table, v_rows, v_rows);
    if p_writes is not null then
        execute format('grant %s on %s to syncfleet_api', p_writes, p_table);
    end if;
    call show_columns(p_table);
end $$;

-- Rows that say whose they are by a key. These run as who asks. Their cost is a lie: for what a subquery seems to cost the
-- planner would rather read all tasks than the few members of a sync.
create function sees_connection(p_connection_id uuid) returns boolean language plpgsql stable cost 1 as $$
begin
    return exists (select from connections c where c.connection_id = p_connection_id);
end $$;

create function sees_sync(p_sync_id uuid) returns boolean language plpgsql stable cost 1 as $$
begin
    return exists (select from syncs s where s.sync_id = p_sync_id);
end $$;

create function sees_task(p_task_id uuid) returns boolean language plpgsql stable cost 1 as $$
begin
    return exists (select from sync_tasks t where t.task_id = p_task_id);
end $$;

call isolate('tenants');
call isolate('users', 'tenant_id = (select current_tenant())'
    ' and ((select current_owner()) is null or user_id = (select current_owner()))');
call isolate('service_keys', 'tenant_id = (select current_tenant()) and (select current_owner()) is null');
call isolate('connections');
call isolate('syncs');
call isolate('sync_tasks');
call isolate('dead_records');
call isolate('sync_members', 'sees_sync(sync_id)');
call isolate('task_evidence', 'sees_task(task_id)');
call isolate('resource_states', 'sees_connection(connection_id)');
call isolate('breakers', 'true');

do $$
declare
    v_table text;
begin
    foreach v_table in array array['practicepanther_contacts', 'practicepanther_matters', 'practicepanther_tasks',
        'bench_contacts', 'zoho_leads', 'zoho_contacts', 'zoho_accounts', 'zoho_deals'] loop
        call isolate(v_table, p_forced => false);
    end loop;
end $$;
