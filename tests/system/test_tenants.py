# SPDX-License-Identifier: Apache-2.0
"""Two tenants, and a user who sees only his own: whatever one of them does, he learns nothing of the others and changes
nothing of theirs, on every route there is."""
import json
import re
import socket
import threading
import uuid
from contextlib import ExitStack

import psycopg2
import pytest

from harness import tokens
from harness.listening import Listener
from harness.mailbox import integrate
from harness.definers import TENANTS_ONLY, TRIES, UNSCOPED
from harness.process import HarnessError
from harness.trespass import Belongings, Routes, Side, nobodys, told, without

TENANT, USER = "syncfleet.tenant_id", "syncfleet.user_id"
# Routes without a caller, and why they may be.
CALLBACK = "the state, which is signed and spent once, says who began"
PUBLIC = {"GET /v1/oauth/callback": CALLBACK, "GET /api/admin/pp-token/callback": CALLBACK,
          "GET /api/sync/google/callback": CALLBACK, "GET /oauth/callback": CALLBACK, "GET /api/v1/integrations/amazon/callback": CALLBACK,
          "POST /api/internal/sync/run-once": "a timer's secret: test_google"}
# Fleet-wide and nobody's secret; requests read them to say what a sync waits for.
EVERYBODYS = {"breakers", "provider_stops"}
# The workers COPY into the providers' tables, which PostgreSQL refuses under forced policies even to owners.
COPIED = re.compile("^(amazon|highlevel|practicepanther|bench|zoho)_")


def side(fleet, name, tenant=None, owner=None):
    """A tenant (or a user of one) with a connection, a sync that has ended, a record in quarantine, a dead letter and a schedule."""
    tenant = tenant or fleet.new_tenant(name)
    connection = fleet.tenant.__class__.connection(tenant, f"account-of-{name}", records={"contacts": 3},
                                                   dials=[{"dial": "nul_text", "resource": "contacts"}])
    if owner:
        fleet.sql("update connections set owner_user_id = %s where connection_id = %s", owner, connection.id)
    sync = fleet.sync(connection, ["contacts"], "full")
    fleet.wait_for_sync(sync)
    record = fleet.value("select dead_record_id from dead_records where connection_id = %s", connection.id)
    task = fleet.value("select task_id from sync_members where sync_id = %s", sync)
    schedule = tenant.api("POST", "/v1/schedules", {"provider": connection.provider, "connection_id": connection.id, "cron": "@yearly"})
    fleet.sql("insert into dead_letters (task_id, tenant_id, connection_id, provider, resource, mode, error_class, error_message, "
              "fingerprint, attempts, pages) values (%s, %s, %s, %s, 'contacts', 'full', 'permanent', %s, 'x', 1, 0)",
              task, tenant.id, connection.id, connection.provider, f"failure of {name}")
    key = fleet.value("select key_id from service_keys where tenant_id = %s", tenant.id)
    hook = fleet.value("insert into webhooks (webhook_id, tenant_id, url, event_types, secret) values "
                       "(uuid_v7(), %s, 'https://example.com/', '{sync.failed}', 'x') returning webhook_id", tenant.id)
    delivery = fleet.value("insert into webhook_deliveries (webhook_id, tenant_id, event_id, event_type, payload, due_at) values "
                           "(%s, %s, uuid_v7(), 'sync.failed', '{}', null) returning delivery_id", hook, tenant.id)
    ask = tenant.api("POST", f"/v1/connections/{connection.id}/test")
    mailbox, calendars = integrate(fleet, tenant.id, connection.id, owner)
    return Side(tenant, {"webhook_id": hook, "integration_id": mailbox, "calendar_id": calendars, **({"workspace_owner": owner} if owner else {}),
                         "delivery_id": delivery, "ask_id": ask.body["ask_id"],
                         "connection_id": connection.id, "sync_id": sync, "dead_record_id": record, "task_id": task,
                         "tenant_id": tenant.id, "key_id": key, "schedule_id": schedule.body["schedule_id"], "/v1/dead-records/replay ids": record,
                         "/v1/dead-letters/replay ids": task, "/v1/dead-letters/discard ids": task,
                         "worker_id": str(uuid.uuid4()),
                         "owner_user_id": fleet.value("select user_seen(%s, %s)", tenant.id, f"user of {name}")})


@pytest.fixture(scope="module")
def fleet_of_two(kafka, postgres, template, ledger):
    from conftest import LOGS
    from harness.fleet import Fleet
    logs = LOGS / "test_tenants"
    logs.mkdir(exist_ok=True)
    fleet = Fleet("tenants", postgres, kafka, ledger, logs)
    fleet.start_producer(env={"SYNCFLEET_AUTH__JWT_SECRET": tokens.SECRET}, auth__jwt_issuer=tokens.ISSUER,
                         auth__jwt_audience=tokens.AUDIENCE, oauth__clients="practicepanther=client:secret",
                         oauth__redirect_uri="https://fleet.example/v1/oauth/callback",
                         oauth__state_key="a key for tests that has 32 bytes!")
    fleet.start_worker()
    yield fleet
    fleet.close()


@pytest.fixture(scope="module")
def sides(fleet_of_two):
    ours, theirs = side(fleet_of_two, "ours"), side(fleet_of_two, "theirs")
    fleet_of_two.wait_for_rest()
    return ours, theirs


@pytest.fixture(scope="module")
def user(fleet_of_two, sides):
    """A user of our tenant with a connection of his own; returns his id and his side."""
    ours, _ = sides
    id = fleet_of_two.value("insert into users (tenant_id, external_id) values (%s, 'somebody') returning user_id", ours.tenant.id)
    own = side(fleet_of_two, "somebody", ours.tenant, id)
    own.key = tokens.token(subject="somebody", tenant=ours.tenant.id, life_s=3600)
    fleet_of_two.wait_for_rest()
    return id, own


class Requests:
    """A session as the producer's API has it: transactions in a scope, or without one."""

    def __init__(self, fleet):
        self.session = psycopg2.connect(fleet.postgres.url(fleet.database))
        with self.session.cursor() as cursor:
            cursor.execute("set role syncfleet_api")
        self.session.commit()

    def __call__(self, scope, query, *arguments):
        """Rows of one transaction, which is rolled back; scope (tenant, user or None), or None."""
        try:
            with self.session.cursor() as cursor:
                for name, value in zip((TENANT, USER), scope or ()):
                    cursor.execute("select set_config(%s, coalesce(%s, ''), true)", (name, value))
                cursor.execute(query, arguments or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            self.session.rollback()

    def refused(self, scope, query, *arguments):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            self(scope, query, *arguments)


@pytest.fixture(scope="module")
def requests(fleet_of_two):
    session = Requests(fleet_of_two)
    yield session
    session.session.close()


# ---- every route ----

def trespasses(fleet, who, whose, marks):
    """Faults of all routes: each identifier that one takes is another's once. The answer must be that for one which does
    not exist, and hold nothing of the other's."""
    routes, faults = Routes(fleet), []
    for route, param in ((route, param) for route in routes.all for param in routes.identifiers(route)):
        request, unknown = (routes.request(route, who.ids, param, ids) for ids in (whose.ids, nobodys(whose.ids)))
        answer = who.ask(request)
        if answer.status >= 500 or param["in"] == "path" and answer.status not in (403, 404):
            faults.append(f"{request}: {answer}")
        if shown := sorted(mark for mark in marks - set(request.sent) if mark in told(answer)):
            faults.append(f"{request}: tells {shown}")
        if param["type"] != "cursor" and without(answer, request.sent) != without(other := who.ask(unknown), unknown.sent):
            faults.append(f"{request}: {answer.status} {answer.body}, but of what does not exist {other.status} {other.body}")
    return faults


def test_every_route_against_anothers_identifiers(fleet_of_two, sides):
    ours, theirs = sides
    belongings = Belongings(fleet_of_two, theirs.tenant.id)
    before = belongings.rows()
    faults = trespasses(fleet_of_two, ours, theirs, belongings.marks())
    assert not faults, "\n".join(faults)
    assert belongings.rows() == before


def test_every_route_of_a_user_against_his_tenants_identifiers(fleet_of_two, sides, user):
    ours, own = sides[0], user[1]
    marks = {value for name, value in ours.ids.items() if name not in ("tenant_id", "key_id")}
    whose = Side(ours.tenant, {**ours.ids, "tenant_id": sides[1].ids["tenant_id"]})
    faults = trespasses(fleet_of_two, own, whose, marks)
    assert not faults, "\n".join(faults)
    assert fleet_of_two.value("select state from syncs where sync_id = %s", ours.ids["sync_id"]) == "completed"


def test_every_route_needs_a_caller(fleet_of_two):
    open_to_all = {f"{route['method']} {route['path']}" for route in Routes(fleet_of_two).all if route["needs"] is None}
    assert open_to_all == set(PUBLIC), "say in PUBLIC why a route needs nobody"


def test_every_list_holds_only_the_callers_own(fleet_of_two, sides, user):
    routes, own = Routes(fleet_of_two), user[1]
    lists = [route for route in routes.all if route["method"] == "GET" and "{" not in route["path"] and route["effect"] == "read"
             and not routes.streams(route)]
    marks = {side.tenant.id: Belongings(fleet_of_two, side.tenant.id).marks() for side in sides}
    tenants = {value for name, value in sides[0].ids.items() if name != "tenant_id"}
    for who, others in ((sides[0], marks[sides[1].tenant.id]), (sides[1], marks[sides[0].tenant.id]), (own, tenants)):
        for route in (route for route in lists if f"{route['method']} {route['path']}" not in PUBLIC):
            answer = who.ask(routes.request(route, who.ids))
            assert answer.status in (200, 403), answer
            assert not [mark for mark in others if mark in told(answer)], route["path"]
        for path, name in (("/v1/syncs", "sync_id"), ("/v1/dead-records", "dead_record_id"), ("/api/sync/gmail/messages", "connection_id"),
                           ("/api/sync/calendar/events", "connection_id")):
            assert who.ids[name] in told(who.tenant.api("GET", path, key=who.key))


def test_a_search_goes_through_the_callers_own(fleet_of_two, sides, user):
    """By a text that only another's rows hold; operators that compare texts are not leakproof."""
    ours, theirs = sides
    fleet_of_two.sql("update dead_records set reason = reason || connection_id")
    for who, whose in ((theirs, ours), (user[1], ours), (ours, theirs)):
        found, own = (who.tenant.api("GET", f"/v1/dead-records?reason={side.ids['connection_id']}", key=who.key) for side in (whose, who))
        assert found.body["dead_records"] == [] and len(own.body["dead_records"]) == 1, (found, own)


# ---- what is used again: HTTP connections, database sessions, transactions ----

def pipelined(fleet, requests):
    """Sends requests [(key, method, path, body)] on one connection at once; returns [(status, body)] in their order."""
    host, port = fleet.producer.address("http").rsplit(":", 1)
    text = b""
    for key, method, path, body in requests:
        data = json.dumps(body).encode() if body else b""
        text += (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                 + (f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if body else "") + "\r\n").encode() + data
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall(text)
        stream = wire.makefile("rb")
        return [read_answer(stream) for _ in requests]


def read_answer(stream):
    status, length = int(stream.readline().split()[1]), 0
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return status, json.loads(stream.read(length))


def test_requests_of_both_on_one_connection(fleet_of_two, sides):
    """Sent in one piece, in turns: whose key it is decides for each request anew."""
    both = [(side, other) for _ in range(20) for side, other in (sides, sides[::-1])]
    asked = [(side.tenant.key, "GET", f"/v1/syncs/{whose.ids['sync_id']}", None) for side, other in both for whose in (side, other)]
    assert [status for status, _ in pipelined(fleet_of_two, asked)] == [200, 404] * len(both)
    lists = pipelined(fleet_of_two, [(side.tenant.key, "GET", "/v1/dead-records", None) for side, _ in both])
    for (side, _), (status, body) in zip(both, lists):
        assert status == 200 and {row["connection_id"] for row in body["dead_records"]} >= {side.ids["connection_id"]}
        assert not {row["dead_record_id"] for row in body["dead_records"]} & {s.ids["dead_record_id"] for s in sides if s is not side}


def test_writes_of_both_in_one_transaction(fleet_of_two, sides):
    """While the session waits for a lock, requests of both gather; each still reaches only its own connection."""
    fleet = fleet_of_two
    def together():
        def ask(side, whose):
            body = {"provider": "practicepanther", "connection_id": whose.ids["connection_id"], "resources": ["contacts"]}
            answers.append((side, whose, side.tenant.api("POST", "/v1/syncs", body)))
        answers, before = [], set(fleet.syncs())
        blocker = fleet.another_session()
        blocker.autocommit = False
        blocker.cursor().execute("lock table syncs in share mode")
        callers = [threading.Thread(target=ask, args=pair) for pair in
                   [(side, whose) for _ in range(4) for side in sides for whose in sides]]
        for caller in callers:
            caller.start()
        fleet.wait_until(lambda: fleet.value("select exists (select from pg_locks where not granted)"), what="a writer that waits")
        blocker.commit()
        blocker.close()
        for caller in callers:
            caller.join()
        assert all(answer.status == (202 if side is whose else 404) for side, whose, answer in answers), answers
        new = [sync for sync in fleet.syncs() if sync not in before]
        assert len(new) == len(answers) / 2
        return fleet.value("select exists (select from syncs where sync_id = any(%s::uuid[]) group by xmin::text "
                           "having count(distinct tenant_id) = 2)", new)
    fleet.wait_until(together, 60, "a transaction with requests of both tenants")
    assert not fleet.sql("select 1 from syncs s join connections c using (connection_id) where s.tenant_id <> c.tenant_id")
    assert not fleet.sql("select 1 from sync_members m join syncs s using (sync_id) join sync_tasks t using (task_id) "
                         "where s.tenant_id <> t.tenant_id")


def test_who_listens_hears_of_his_own(fleet_of_two, sides, user):
    """All three listen while all three sync: a user is told of his own, a service of its tenant's."""
    fleet, (ours, theirs), own = fleet_of_two, sides, user[1]
    fleet.wait_for_rest()  # an end of before would be told, too
    with ExitStack() as stack:
        streams = {id(who): stack.enter_context(Listener(f"{fleet.producer_url}/v1/events", who.key or who.tenant.key))
                   for who in (ours, theirs, own)}
        asked = {}
        for who in (ours, theirs, own):
            body = {"provider": "practicepanther", "connection_id": who.ids["connection_id"], "resources": ["contacts"]}
            asked[id(who)] = who.tenant.api("POST", "/v1/syncs", body, key=who.key).body["sync_id"]
        for who, wanted in ((ours, {asked[id(ours)], asked[id(own)]}), (theirs, {asked[id(theirs)]}), (own, {asked[id(own)]})):
            streams[id(who)].wait_for("done", len(wanted))
            assert {event.data["sync_id"] for event in streams[id(who)].events} == wanted


def test_a_scope_ends_with_its_transaction(requests, sides):
    ours, theirs = sides
    for scope, seen in (((ours.tenant.id, None), True), (None, False), ((theirs.tenant.id, None), False), (None, False)):
        assert bool(requests(scope, "select 1 from syncs where sync_id = %s", ours.ids["sync_id"])) == seen


# ---- the database, whatever a statement forgets ----

def tables(fleet, where="true"):
    return [row["name"] for row in fleet.sql(
        "select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') "
        f"and {where} order by 1")]


def of_tenants(fleet):
    return tables(fleet, "exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')")


def readable(fleet):
    return tables(fleet, "has_any_column_privilege('syncfleet_api', c.oid, 'select')")


def test_every_table_is_under_forced_policies(fleet_of_two):
    guarded = set(tables(fleet_of_two, "c.relrowsecurity"))
    forced = set(tables(fleet_of_two, "c.relrowsecurity and c.relforcerowsecurity"))
    wanted = set(of_tenants(fleet_of_two)) | set(readable(fleet_of_two))
    assert {"connections", "syncs", "sync_tasks", "zoho_deals"} <= wanted
    assert wanted <= guarded, "call isolate for these tables"
    assert not {name for name in wanted - forced if not COPIED.match(name)}, "only what workers COPY into may not be forced"


def test_the_role_of_requests_owns_nothing_and_may_do_little(fleet_of_two):
    value = fleet_of_two.value
    assert value("select not (rolsuper or rolbypassrls or rolcanlogin or rolcreaterole or rolcreatedb) from pg_roles "
                 "where rolname = 'syncfleet_api'")
    assert value("select not exists (select from pg_auth_members where member = 'syncfleet_api'::regrole)")
    assert value("select not exists (select from pg_shdepend where refobjid = 'syncfleet_api'::regrole and deptype = 'o')")
    assert value("select not has_schema_privilege('syncfleet_api', 'public', 'create')")
    assert value("select not has_database_privilege('syncfleet_api', current_database(), 'create')")
    assert not tables(fleet_of_two, "has_table_privilege('syncfleet_api', c.oid, 'truncate, references, trigger, delete')")


def test_secrets_cannot_be_read_by_requests(fleet_of_two, requests, sides):
    hidden = fleet_of_two.sql("select a.attrelid::regclass::text as table, a.attname as column from pg_attribute a join pg_class c "
                              "on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') "
                              "and a.attname ~ 'secret' and has_column_privilege('syncfleet_api', c.oid, a.attname, 'select')")
    assert not hidden
    requests.refused((sides[0].tenant.id, None), "select secret from connections")
    requests.refused((sides[0].tenant.id, None), "select * from service_keys")


def test_without_a_scope_there_is_nothing(fleet_of_two, requests):
    for table in set(readable(fleet_of_two)) - EVERYBODYS:
        assert not requests(None, f"select 1 from {table} limit 1"), table
        assert not requests(("", ""), f"select 1 from {table} limit 1"), table
    assert not requests(None, "select 1 from accept_sync(uuid_v7(), null, 'http', null, (select connection_id from connections), "
                              "'x', '{}', 'full', null, false) where status < 400")


def test_a_scope_holds_whatever_the_statement_says(fleet_of_two, requests, sides):
    ours, theirs = sides
    for table in sorted(set(readable(fleet_of_two)) & set(of_tenants(fleet_of_two))):
        seen = {tenant for (tenant,) in requests((ours.tenant.id, None), f"select distinct tenant_id::text from {table}")}
        assert seen <= {ours.tenant.id}, table
    for table in ("sync_members", "sync_tasks", "syncs", "connections", "dead_records", "resource_states", "practicepanther_contacts"):
        every = fleet_of_two.value(f"select count(*) from {table}")
        parts = [requests((one.tenant.id, None), f"select count(*) from {table}")[0][0] for one in sides]
        assert all(parts) and sum(parts) == every, table


def test_requests_write_through_functions_only(fleet_of_two, requests, sides):
    scope = (sides[0].tenant.id, None)
    writable = tables(fleet_of_two, "has_table_privilege('syncfleet_api', c.oid, 'insert, update')")
    assert not writable
    for statement in ("update syncs set state = 'failed'", "delete from connections", "insert into tenants (name) values ('x')",
                      "update service_keys set revoked_at = now()", "select 1 from outbox", "select 1 from workers"):
        requests.refused(scope, statement)


def test_a_user_sees_his_own_connections_only(fleet_of_two, requests, sides, user):
    id, own = user
    scope = (sides[0].tenant.id, str(id))
    for table in ("connections", "syncs", "sync_tasks", "dead_records", "resource_states", "practicepanther_contacts"):
        seen = {connection for (connection,) in requests(scope, f"select distinct connection_id::text from {table}")}
        assert seen == {own.ids["connection_id"]}, table
    seen = {sync for (sync,) in requests(scope, "select sync_id::text from sync_members")}
    assert seen == {row["sync_id"] for row in fleet_of_two.sql("select sync_id::text from syncs where connection_id = %s",
                                                               own.ids["connection_id"])}
    assert requests(scope, "select user_id::text from users") == [(str(id),)]
    assert not requests(scope, "select key_id from service_keys")
    assert not requests((sides[1].tenant.id, str(id)), "select connection_id from connections"), "his id is no other tenant's"


# ---- functions and views ----

def definers(fleet):
    return fleet.sql("select p.proname as name, p.oid::regprocedure::text as signature, coalesce(p.proconfig, '{}') as config, "
                     "has_function_privilege('public', p.oid, 'execute') as everybodys from pg_proc p "
                     "where p.pronamespace = 'public'::regnamespace and p.prosecdef order by 1")


def test_functions_with_the_owners_rights(fleet_of_two):
    for function in definers(fleet_of_two):
        assert any(setting.startswith("search_path=") and "$user" not in setting for setting in function["config"]), function
        assert not function["everybodys"], f"{function['signature']}: call open_to_callers"
        assert function["name"] in TRIES or function["name"] in UNSCOPED, f"{function['signature']}: no case in harness/definers.py"


def test_following_another_tenant(requests, sides):
    ours, theirs = sides
    ask = lambda scope, tenant: requests(scope, "select status from follow_tenant(%s::uuid, null)", tenant)
    assert ask((ours.tenant.id, None), theirs.tenant.id) == ask(None, ours.tenant.id) == [(404,)]
    assert ask((ours.tenant.id, None), ours.tenant.id) == [(200,)]


@pytest.mark.parametrize("name", TRIES)
def test_functions_refuse_what_is_out_of_scope(requests, sides, user, name):
    ours, theirs = sides
    id, own = user
    scope, confined = (ours.tenant.id, None), (ours.tenant.id, str(id))
    for reason, where, whose, tenant in (
            ("another tenant's", scope, theirs, ours.tenant.id), ("another tenant's, as that tenant", scope, theirs, theirs.tenant.id),
            ("another tenant's, as no tenant", scope, theirs, None), ("no scope", None, ours, ours.tenant.id),
            ("another user's", confined, ours, ours.tenant.id), ("another tenant's, as a user", confined, theirs, theirs.tenant.id)):
        ((status,),) = requests(where, *TRIES[name](whose.ids, tenant))
        assert status == 404, reason
    for where, whose in ((scope, ours), (scope, own), (confined, own)):
        ((status,),) = requests(where, *TRIES[name](whose.ids, ours.tenant.id))
        assert status == 404 if where is confined and name in TENANTS_ONLY else status in (200, 201, 202, 204, 409), "his own"


def test_views_have_no_rights_of_their_own(fleet_of_two):
    views = fleet_of_two.sql("select c.relname as name, coalesce(c.reloptions, '{}') as options from pg_class c "
                             "where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm') "
                             "and has_any_column_privilege('syncfleet_api', c.oid, 'select')")
    assert not [view["name"] for view in views if "security_invoker=true" not in view["options"]]


# ---- whose database it is ----

@pytest.fixture
def plain(postgres):
    """A role that may create no roles, with a database of its own; its name serves for both."""
    name = f"plain_{uuid.uuid4().hex[:8]}"
    postgres.psql(f"create role {name} login")
    postgres.psql(f"create database {name} owner {name}")
    yield name
    postgres.psql(f"drop database {name} with (force)")
    postgres.psql(f"drop role {name}")


def test_an_owner_who_may_not_create_roles(fleet_of_two, postgres, plain):
    fleet_of_two.ctl.settings, kept = {**fleet_of_two.common, "database.url": postgres.url(plain, plain)}, fleet_of_two.ctl.settings
    try:
        with pytest.raises(HarnessError) as refused:
            fleet_of_two.ctl.migrate()
        (wanted,) = re.findall(r"an administrator of the server run: (.*;) Then", str(refused.value))
        assert wanted.count("grant") == 2 and plain in wanted
        postgres.psql(wanted)
        assert fleet_of_two.ctl.migrate()
        assert fleet_of_two.ctl.tenant("one")
    finally:
        fleet_of_two.ctl.settings = kept


def test_programs_that_own_nothing(fleet, postgres):
    """A login of the fleet's two roles is enough; its workers cannot COPY straight into the tables."""
    login = f"programs_{uuid.uuid4().hex[:8]}"
    postgres.psql(f"create role {login} login in role syncfleet_fleet, syncfleet_api")
    try:
        fleet.common["database.url"] = postgres.url(fleet.database, login)
        fleet.start()
        connection = fleet.connection("account", records={"contacts": 30})
        fleet.wait_for_sync(fleet.sync(connection), state="completed")
        assert len(fleet.rows(connection.id, "practicepanther", "contacts")) == 30
    finally:
        for process in reversed(fleet.processes):
            process.kill()
        # a session's end takes its stages along, a moment after its program's
        fleet.wait_until(lambda: postgres.psql(f"select count(*) from pg_stat_activity where usename = '{login}'") == "0", what="its sessions to end")
        postgres.psql(f"drop role {login}")
