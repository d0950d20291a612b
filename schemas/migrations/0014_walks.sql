-- oldest binary: 0.1.0
-- What walks leave for the next one beside their watermark: sync tokens, which parents were walked, and the windows of
-- records without identity.

create table walk_bearings (
    connection_id uuid not null,
    resource text not null,
    parent_id text collate "C" not null default '',
    token text,
    began_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (connection_id, resource, parent_id)
);
comment on table walk_bearings is 'what the next walk of a resource, or of one parent of it, begins with';
comment on column walk_bearings.parent_id is 'the id of the parent''s record, or the element of the connection''s setting; empty: of the resource as a whole';
comment on column walk_bearings.token is 'a sync token or history number: the next walk asks for what changed since';
comment on column walk_bearings.began_at is 'when the last walk that came to its end began; of the resource as a whole';
call isolate('walk_bearings', 'false');

create function walk_waits() returns text language sql immutable
return 'its parent''s records come first';
comment on function walk_waits is 'the wait_reason of tasks whose parents are being walked';

-- Records without an identity (`identity = "position"`): their table has the columns
--     window_from timestamptz not null, walk bigint not null
-- an index on (connection_id, window_from, walk),
-- and their id is <seconds of window_from>/<walk>/<page>/<ordinal>. A window that is read again gets new rows under a new
-- walk; its last page makes them the current ones and deletes the others, in one transaction. Until then readers see what
-- was there before. A row t of a resource is current when
--     exists (select from walk_windows w where w.connection_id = t.connection_id and w.resource = '<resource>'
--         and w.window_from = t.window_from and w.walk = t.walk)
create table walk_windows (
    connection_id uuid not null,
    resource text not null,
    window_from timestamptz not null,
    window_to timestamptz not null,
    walk bigint not null,
    records bigint not null,
    walked_at timestamptz not null default now(),
    primary key (connection_id, resource, window_from)
);
comment on table walk_windows is 'which walk of a window readers see';
call isolate('walk_windows', 'sees_connection(connection_id)');
