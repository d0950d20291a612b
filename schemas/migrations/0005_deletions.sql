-- oldest binary: 0.1.0
-- Deletions. A walk that shows everything keeps the ids it saw aside, one row a page. At its end a sweep goes through the
-- resource's table in steps, notes the records that the walk did not show, and deletes those that enough walks in a row
-- have missed, unless they are too many. Each step is one transaction; where the sweep stands is in the task's cursor.

create table seen_pages (
    connection_id uuid not null,
    resource text not null,
    walk bigint not null,
    page bigint not null,
    begins boolean not null,
    hashes bigint[] not null,
    first_id text collate "C",
    last_id text collate "C",
    unknown int not null,
    primary key (connection_id, resource, walk, page)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table seen_pages alter hashes set storage external; -- hashes do not compress
comment on table seen_pages is 'what the pages of an unfinished walk showed';
comment on column seen_pages.walk is 'microseconds: the instant of the walk''s first request, as its cursor has it';
comment on column seen_pages.page is 'the task''s page; begins: the first one of the walk';
comment on column seen_pages.hashes is 'hashtextextended(id, 0): two ids with one hash can only keep a deleted record, never delete one';
comment on column seen_pages.unknown is 'records of the page that could not be stored and whose id is not known';

create table missing_records (
    connection_id uuid not null,
    resource text not null,
    record_id text collate "C" not null,
    walk bigint not null,
    walks int not null,
    written_at timestamptz not null,
    primary key (connection_id, resource, record_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on table missing_records is 'records that the last complete walk did not show and that are not deleted';
comment on column missing_records.walks is 'complete walks in a row that did not show the record';
comment on column missing_records.written_at is 'the record''s synced_at when it was missed: one that was written since starts over';

alter table resource_states
    add full_walk_at timestamptz,
    add withheld_records bigint,
    add withheld_of bigint,
    add withheld_at timestamptz,
    add accepted_records bigint;
comment on column resource_states.full_walk_at is 'end of the last walk of everything that looked for deletions';
comment on column resource_states.withheld_records is 'deletions that the guard held back, of withheld_of live records';
comment on column resource_states.accepted_records is 'so many deletions an operator has accepted; the next complete walk may do them';

alter table sync_tasks
    add deletions_withheld bigint,
    add deletions_note text;
comment on column sync_tasks.deletions_withheld is 'deletions that the guard held back';
comment on column sync_tasks.deletions_note is 'why nothing was deleted';

-- ---- the phases of a sweep: each takes where the sweep stands and says where it stands then; `did` counts rows ----

-- Only a walk of which every page is known, from its first to the task's last, proves anything.
create function sweep_check(t sync_tasks, s jsonb) returns jsonb language plpgsql as $$
declare
    v_pages bigint;
    v_from bigint;
    v_unknown bigint;
    v_note text;
begin
    select count(*), min(p.page) filter (where p.begins), coalesce(sum(p.unknown), 0) into v_pages, v_from, v_unknown
    from seen_pages p
    where p.connection_id = t.connection_id and p.resource = t.resource and p.walk = (s ->> 'walk')::bigint;
    if v_pages is distinct from t.page - v_from then
        v_note := 'not every page of the walk was kept: it does not prove what is gone';
    elsif v_unknown > 0 then
        v_note := format('the id of %s quarantined records is not known: the walk does not prove what is gone', v_unknown);
    end if;
    return s || jsonb_build_object('phase', case when v_note is null then 'mark' else 'clear' end, 'note', v_note, 'did', 0);
end $$;

-- The next records in the order of their ids: those that the walk did not show, and that nobody wrote since the task
-- began, are noted. With pages in the order of ids only few of them are read. Nested loops: the planner cannot know how
-- many hashes a page has.
create function sweep_mark(t sync_tasks, s jsonb, p_table text, p_rows bigint) returns jsonb
language plpgsql set enable_nestloop = off as $$
declare
    v_rows bigint;
    v_last text;
begin
    execute format($q$
        with step as materialized (
            select r.id, hashtextextended(r.id, 0) as hash, r.synced_at from %I r
            where r.connection_id = $1 and r.id > $2 and r.deleted_at is null order by r.id limit $3),
        seen as materialized (
            select unnest(p.hashes) as hash from seen_pages p
            where p.connection_id = $1 and p.resource = $4 and p.walk = $5
                and p.last_id > $2 and p.first_id <= (select max(id) from step)),
        missed as (
            insert into missing_records as m (connection_id, resource, record_id, walk, walks, written_at)
            select $1, $4, step.id, $5, 1, step.synced_at from step
            where step.synced_at < $6 and not exists (select from seen where seen.hash = step.hash)
            order by step.id
            on conflict (connection_id, resource, record_id) do update
            set walk = excluded.walk, written_at = excluded.written_at,
                walks = case when m.written_at = excluded.written_at then m.walks + 1 else 1 end)
        select count(*), max(id) from step $q$, p_table)
    into v_rows, v_last
    using t.connection_id, s ->> 'after', p_rows, t.resource, (s ->> 'walk')::bigint, t.started_at;
    return s || jsonb_build_object('phase', case when v_rows < p_rows then 'forget' else 'mark' end,
        'after', coalesce(v_last, s ->> 'after'), 'live', (s ->> 'live')::bigint + v_rows, 'did', v_rows);
end $$;

-- What earlier walks missed and this one showed is not missing.
create function sweep_forget(t sync_tasks, s jsonb, p_rows bigint) returns jsonb language plpgsql as $$
declare
    v_rows bigint;
begin
    delete from missing_records m
    where m.ctid = any (array(select x.ctid from missing_records x
        where x.connection_id = t.connection_id and x.resource = t.resource and x.walk <> (s ->> 'walk')::bigint
        limit p_rows));
    get diagnostics v_rows = row_count;
    return s || jsonb_build_object('phase', case when v_rows < p_rows then 'judge' else 'forget' end, 'did', v_rows);
end $$;

-- The guard: a provider that shows an account half empty is believed when an operator says so. What was accepted is so
-- many records, not whatever the next walk misses.
create function sweep_judge(t sync_tasks, s jsonb, p_walks bigint, p_percent bigint, p_floor bigint) returns jsonb
language plpgsql as $$
declare
    v_live bigint := (s ->> 'live')::bigint;
    v_due bigint;
    v_accepted bigint;
begin
    select count(*) into v_due from missing_records m
    where m.connection_id = t.connection_id and m.resource = t.resource and m.walks >= p_walks;
    select coalesce(max(x.accepted_records), 0) into v_accepted from resource_states x
    where x.connection_id = t.connection_id and x.resource = t.resource;
    if v_due > greatest(p_floor, v_live * p_percent / 100) + v_accepted then
        return s || jsonb_build_object('phase', 'clear', 'withheld', v_due, 'did', 0, 'note',
            format('%s of %s records are gone, more than %s %%: nothing is deleted until an operator accepts it', v_due,
                v_live, p_percent));
    end if;
    return s || jsonb_build_object('phase', case when v_due > 0 then 'delete' else 'clear' end, 'did', 0);
end $$;

create function sweep_delete(t sync_tasks, s jsonb, p_table text, p_walks bigint, p_rows bigint) returns jsonb
language plpgsql as $$
declare
    v_rows bigint;
    v_gone bigint;
begin
    execute format($q$
        with due as materialized (
            select m.record_id from missing_records m
            where m.connection_id = $1 and m.resource = $2 and m.walks >= $3 order by m.record_id limit $4),
        gone as (
            update %I r set deleted_at = now()
            where r.connection_id = $1 and r.id = any (array(select record_id from due)) and r.deleted_at is null
                and r.synced_at < $5
            returning 1),
        done as (
            delete from missing_records m
            where m.connection_id = $1 and m.resource = $2 and m.record_id = any (array(select record_id from due)))
        select (select count(*) from due), (select count(*) from gone) $q$, p_table)
    into v_rows, v_gone using t.connection_id, t.resource, p_walks, p_rows, t.started_at;
    return s || jsonb_build_object('phase', case when v_rows < p_rows then 'clear' else 'delete' end,
        'deleted', (s ->> 'deleted')::bigint + v_gone, 'did', v_rows);
end $$;

create function sweep_clear(t sync_tasks, s jsonb, p_rows bigint) returns jsonb language plpgsql as $$
declare
    v_rows bigint;
begin
    delete from seen_pages p
    where p.ctid = any (array(select x.ctid from seen_pages x
        where x.connection_id = t.connection_id and x.resource = t.resource limit p_rows));
    get diagnostics v_rows = row_count;
    return s || jsonb_build_object('phase', case when v_rows < p_rows then 'end' else 'clear' end, 'did', v_rows);
end $$;

-- What the walk leaves for the next ones. The guard's word holds until a complete walk says otherwise. A quarantined record
-- that the walk did not show is gone.
create function sweep_end(t sync_tasks, s jsonb) returns void language plpgsql as $$
declare
    v_judged boolean := s ->> 'note' is null or s ->> 'withheld' is not null;
begin
    if s ->> 'note' is null then
        delete from dead_records d
        where d.connection_id = t.connection_id and d.resource = t.resource
            and d.last_seen_at < t.started_at; -- both by the database's clock, unlike the walk's start
    end if;
    insert into resource_states as x (connection_id, resource, watermark, full_records, full_walk_at, withheld_records,
        withheld_of, withheld_at)
    values (t.connection_id, t.resource, to_timestamp((s ->> 'watermark')::bigint / 1000000.0),
        t.records_inserted + t.records_updated + t.records_unchanged, now(), (s ->> 'withheld')::bigint,
        case when s ->> 'withheld' is not null then (s ->> 'live')::bigint end,
        case when s ->> 'withheld' is not null then now() end)
    on conflict (connection_id, resource) do update
    set watermark = coalesce(excluded.watermark, x.watermark), updated_at = now(), full_records = excluded.full_records,
        full_walk_at = excluded.full_walk_at,
        withheld_records = case when v_judged then excluded.withheld_records else x.withheld_records end,
        withheld_of = case when v_judged then excluded.withheld_of else x.withheld_of end,
        withheld_at = case when v_judged then excluded.withheld_at else x.withheld_at end,
        accepted_records = case when not v_judged then x.accepted_records end;
end $$;

-- As many rows of one task's sweep as a transaction may have.
create function sweep_step(t sync_tasks, p_table text, p_walks bigint, p_percent bigint, p_floor bigint, p_rows bigint)
returns jsonb language plpgsql as $$
declare
    s jsonb := t.cursor::jsonb -> 'sweep';
    v_room bigint := p_rows;
    v_deleted bigint := (s ->> 'deleted')::bigint;
begin
    while v_room > 0 and s ->> 'phase' <> 'end' loop
        case s ->> 'phase'
            when 'check' then s := sweep_check(t, s);
            when 'mark' then s := sweep_mark(t, s, p_table, v_room);
            when 'forget' then s := sweep_forget(t, s, v_room);
            when 'judge' then s := sweep_judge(t, s, p_walks, p_percent, p_floor);
            when 'delete' then s := sweep_delete(t, s, p_table, p_walks, v_room);
            when 'clear' then s := sweep_clear(t, s, v_room);
        end case;
        v_room := v_room - (s ->> 'did')::bigint;
    end loop;
    update sync_tasks x
    set cursor = jsonb_build_object('sweep', s)::text, attempts = 0, takeovers = 0,
        records_deleted = x.records_deleted + (s ->> 'deleted')::bigint - v_deleted,
        deletions_withheld = (s ->> 'withheld')::bigint, deletions_note = s ->> 'note'
    where x.task_id = t.task_id;
    return s;
end $$;

-- A step of several tasks' sweeps. Each task answers with a row: `lost` (the fence is closed), `more` or `done`; the
-- events of those that are done follow. Losing a commit's answer does no harm: the next call goes on from where it led.
create function sweep_tasks(p_tasks uuid[], p_epochs bigint[], p_tables text[], p_walks bigint[], p_percents bigint[],
    p_floor bigint, p_rows bigint)
returns table (event_id uuid, topic text, key text, value text, event_type text, subject text, headers text,
    created_at text, task_id uuid, step text, deleted bigint, withheld bigint, live bigint, note text)
language plpgsql as $$
#variable_conflict use_column
declare
    t sync_tasks;
    s jsonb;
    v_done uuid[] := '{}';
begin
    perform 1 from sync_tasks x where x.task_id = any (p_tasks) order by x.task_id for update;
    for i in 1 .. cardinality(p_tasks) loop
        select * into t from sync_tasks x where x.task_id = p_tasks[i];
        task_id := p_tasks[i];
        step := 'lost';
        deleted := 0;
        if t.epoch = p_epochs[i] and t.state = 'running' and t.cursor like '{"sweep"%' then
            s := sweep_step(t, p_tables[i], p_walks[i], p_percents[i], p_floor, p_rows);
            step := case when s ->> 'phase' = 'end' then 'done' else 'more' end;
            deleted := (s ->> 'deleted')::bigint - (t.cursor::jsonb #>> '{sweep,deleted}')::bigint;
            withheld := (s ->> 'withheld')::bigint;
            live := (s ->> 'live')::bigint;
            note := s ->> 'note';
            if step = 'done' then
                perform sweep_end(t, s);
                v_done := v_done || t.task_id;
            end if;
        end if;
        return next;
    end loop;
    if cardinality(v_done) = 0 then
        return;
    end if;
    return query select e.event_id, e.topic, e.key, e.value, e.event_type, e.subject, e.headers, iso_time(e.created_at),
        null::uuid, null::text, null::bigint, null::bigint, null::bigint, null::text
    from end_tasks(v_done, array_fill('completed'::text, array[cardinality(v_done)]),
        array_fill(null::text, array[cardinality(v_done)]), array_fill(null::text, array[cardinality(v_done)])) e;
end $$;
