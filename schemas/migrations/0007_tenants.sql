-- oldest binary: 0.1.0
-- Who may see what. Row level security, forced, on every table that a caller's request reads: its transactions run as
-- syncfleet_api, which owns nothing, in the scope of a tenant, and of a user where he sees only his own. The fleet's own
-- sessions belong to syncfleet_fleet and see everything; functions that are `security definer` do, too, and have the
-- tenant in their predicates.

-- Roles belong to the whole server: another database may have made them already, even just now.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['syncfleet_api', 'syncfleet_fleet'] loop
        begin
            execute format('create role %I nologin', v_role);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;
grant syncfleet_api, syncfleet_fleet to current_user;

create function current_tenant() returns uuid language sql stable parallel safe
return nullif(current_setting('syncfleet.tenant_id', true), '')::uuid;
comment on function current_tenant is 'whose rows this transaction may touch; null: nobody''s';

create function current_owner() returns uuid language sql stable parallel safe
return nullif(current_setting('syncfleet.user_id', true), '')::uuid;
comment on function current_owner is 'the user to whose own rows it is confined; null: all of the tenant''s';

create table users (
    user_id uuid primary key default uuid_v7(),
    tenant_id uuid not null references tenants,
    external_id text not null check (external_id <> ''),
    created_at timestamptz not null default now(),
    unique (tenant_id, external_id)
);
comment on column users.external_id is 'the `sub` of the tokens that this user calls with';

alter table connections add owner_user_id uuid references users;
create index connections_by_owner on connections (owner_user_id) where owner_user_id is not null;

-- Puts a table under row level security: the fleet sees everything, a caller's transaction what p_rows lets it, and writes
-- only when it may (p_writes: 'insert, update').
create procedure isolate(p_table regclass, p_rows text default 'tenant_id = current_tenant()', p_writes text default null)
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', p_table);
    execute format('alter table %s force row level security', p_table);
    execute format('create policy fleet on %s to syncfleet_fleet using (true) with check (true)', p_table);
    execute format('create policy api on %s to syncfleet_api using (%s) with check (%s)', p_table, p_rows, p_rows);
    execute format('grant select%s on %s to syncfleet_api', coalesce(', ' || p_writes, ''), p_table);
    execute format('grant select, insert, update, delete on %s to syncfleet_fleet', p_table);
end $$;
