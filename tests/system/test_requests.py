# SPDX-License-Identifier: Apache-2.0
"""Asking for syncs: keys against asking twice, conflicts, joined work, priorities, validators, pages, retries, waiting."""
import collections
import json
import threading
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from harness.trespass import Routes

PROVIDER = "practicepanther"


def request_of(connection, *resources, **more):
    return {"provider": PROVIDER, "connection_id": connection.id, **({"resources": list(resources)} if resources else {}), **more}


def post(fleet, body, key=None, url=None, **headers):
    """POST /v1/syncs at the newest producer, or at `url`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.update({"Idempotency-Key": key} if key else {})
    return fleet.http("POST", (url or fleet.producer_url) + "/v1/syncs", body, given, fleet.tenant.key)


def all_at_once(jobs):
    """Runs the functions in threads that start together; returns what they return."""
    gate = threading.Barrier(len(jobs))
    def run(job):
        gate.wait()
        return job()
    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


# ---- Idempotency-Key ----

def test_a_request_with_a_key_takes_effect_once(fleet):
    connection = fleet.connection("a", records={"contacts": 1})
    fleet.sql("insert into kept_answers (tenant_id, caller_id, key, request_sha256, status, kept_at) "
              "select tenant_id, tenant_id, 'old', '', 202, now() - interval '25 hours' from tenants")
    fleet.start_producer()
    first = post(fleet, request_of(connection, "contacts"), '"one key"')
    assert (first.status, first.headers.get("idempotency-replayed")) == (202, None)
    for spelled in ('"one key"', "one key", '"one key";q=1'):
        again = post(fleet, request_of(connection, "contacts"), spelled)
        assert (again.status, again.body, again.headers["location"]) == (202, first.body, first.headers["location"])
        assert again.headers["idempotency-replayed"] == "true"
    assert fleet.syncs() == [first.body["sync_id"]]

    other = post(fleet, request_of(connection, "matters"), "one key")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    elsewhere = fleet.api("POST", f"/v1/syncs/{first.body['sync_id']}/retry", headers={"Idempotency-Key": "one key"})
    assert (elsewhere.status, elsewhere.body["code"]) == (422, "idempotency_key_reused")
    for malformed in ('"', '""', '"a" b', "\t", "k" * 256):
        assert post(fleet, request_of(connection, "contacts"), malformed).body["code"] == "invalid_idempotency_key"

    stranger = fleet.new_tenant("stranger")
    own = stranger.connection("b", records={"contacts": 1})
    theirs = stranger.api("POST", "/v1/syncs", request_of(own, "contacts"), {"Idempotency-Key": "one key"})
    assert theirs.status == 202 and "idempotency-replayed" not in theirs.headers
    colleague = fleet.ctl.key("first")
    assert fleet.api("POST", "/v1/syncs", request_of(connection, "contacts"), headers={"Idempotency-Key": "one key"},
                     key=colleague).body["sync_id"] != first.body["sync_id"]

    unknown = {"provider": PROVIDER, "connection_id": own.id, "resources": ["contacts"]}
    assert post(fleet, unknown, "refused").status == 404
    assert post(fleet, request_of(connection, "contacts"), "refused").status == 202, "a refusal is not kept"

    fleet.sql("update kept_answers set kept_at = kept_at - interval '24 hours' where key = 'one key'")
    late = post(fleet, request_of(connection, "matters"), "one key")
    assert late.status == 202 and "idempotency-replayed" not in late.headers
    fleet.wait_until(lambda: not fleet.sql("select from kept_answers where key = 'old'"), what="the clock to forget the old key")
    assert fleet.value("select count(*) from kept_answers where key = 'one key' and kept_at > now() - interval '1 minute'") == 1


def test_a_key_at_several_producers_at_once(fleet):
    connection = fleet.connection("a", records={"contacts": 1})
    fleet.start_producer()
    urls = [fleet.producer_url]
    fleet.start_producer()
    urls.append(fleet.producer_url)
    for n in range(5):
        answers = all_at_once([lambda url=url: post(fleet, request_of(connection, "contacts"), f"race {n}", url) for url in urls * 4])
        assert {answer.status for answer in answers} <= {202, 409}
        assert {answer.body["code"] for answer in answers if answer.status == 409} <= {"idempotency_key_in_use"}
        made = {answer.body["sync_id"] for answer in answers if answer.status == 202}
        assert len(made) == 1
        assert sum("idempotency-replayed" not in answer.headers for answer in answers if answer.status == 202) == 1
    assert len(fleet.syncs()) == 5

    caller = fleet.value("select caller_id from kept_answers limit 1")
    with fleet.another_session() as session, session.cursor() as cursor:
        session.autocommit = False
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{caller} race 9"])
        under_way = post(fleet, request_of(connection, "contacts"), "race 9")
        assert (under_way.status, under_way.body["code"]) == (409, "idempotency_key_in_use")
    assert post(fleet, request_of(connection, "contacts"), "race 9").status == 202


@pytest.mark.parametrize("crash", ["accept_before_commit", "accept_after_commit"])
def test_a_crash_repeats_nothing(fleet, crash):
    connection = fleet.connection("a", records={"contacts": 1})
    producer = fleet.start_producer(env=fleet.with_failpoint(crash))
    with pytest.raises(OSError):
        post(fleet, request_of(connection, "contacts"), "k")
    assert len(fleet.syncs()) == (crash == "accept_after_commit")
    fleet.restart(producer)
    fleet.start_worker()
    answer = post(fleet, request_of(connection, "contacts"), "k")
    assert (answer.status, "idempotency-replayed" in answer.headers) == (202, crash == "accept_after_commit")
    assert fleet.syncs() == [answer.body["sync_id"]]
    fleet.wait_for_sync(answer.body["sync_id"], state="completed")
    replayed = fleet.api("POST", "/v1/syncs", request_of(connection, "contacts"), headers={"Idempotency-Key": "k"})
    assert replayed.body == answer.body, "the stored answer, not what has become of it"
    assert len(fleet.syncs()) == 1


# What each POST that takes a key is sent, and how often the second time: its path's and body's names are filled in.
MADE = {
    "POST /v1/syncs": lambda own: ("/v1/syncs", request_of(own.connection, "contacts")),
    "POST /v1/syncs/{sync_id}/retry": lambda own: (f"/v1/syncs/{own.failed}/retry", None),
    "POST /v1/dead-records/replay": lambda own: ("/v1/dead-records/replay", {"connection_id": own.connection.id, "resource": "contacts"}),
    "POST /v1/dead-letters/replay": lambda own: ("/v1/dead-letters/replay", {"ids": [own.letters[0]]}),
    "POST /v1/dead-letters/discard": lambda own: ("/v1/dead-letters/discard", {"ids": [own.letters[1]], "reason": "of no use"}),
    "POST /v1/schedules": lambda own: ("/v1/schedules", {"provider": PROVIDER, "connection_id": own.connection.id, "cron": "@yearly"}),
    "POST /v1/connections": lambda own: ("/v1/connections", {
        "provider": PROVIDER, "external_id": "new", "access_token": "a", "refresh_token": "b", "client_id": "c", "client_secret": "d"}),
    "POST /v1/connections/{connection_id}/test": lambda own: (f"/v1/connections/{own.connection.id}/test", None),
    "POST /v1/keys": lambda own: ("/v1/keys", {"name": "another", "rights": ["read"]}),
    "POST /v1/webhooks": lambda own: ("/v1/webhooks", {"url": "http://127.0.0.1:1/other"}),
    "POST /v1/webhooks/{webhook_id}/rotate": lambda own: (f"/v1/webhooks/{own.webhook}/rotate", None),
    "POST /v1/webhooks/{webhook_id}/test": lambda own: (f"/v1/webhooks/{own.webhook}/test", None),
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver":
        lambda own: (f"/v1/webhooks/{own.webhook}/deliveries/{own.delivery}/redeliver", None),
    "POST /api/sync/gmail/start": lambda own: ("/api/sync/gmail/start", {}),
    "POST /api/sync/calendar/start": lambda own: ("/api/sync/calendar/start", {}),
    "POST /api/sync/full": lambda own: ("/api/sync/full", {}),
    "POST /api/sync/incremental": lambda own: ("/api/sync/incremental", {}),
    "POST /api/sync/manual": lambda own: ("/api/sync/manual", {"module": "Leads", "record_ids": ["3652005200000001001"]}),
}
ROWS = "select {} as rows".format(" + ".join(f"(select count(*) from {table})" for table in (
    "syncs", "sync_members", "connections", "asks", "schedules", "webhooks", "service_keys", "webhook_deliveries")))


def test_every_post_that_takes_a_key(fleet):
    """And every list that has a validator: all of them, as the table of routes says."""
    own = belongings(fleet)
    routes = {f"{route['method']} {route['path']}": {param["type"] for param in route["params"]} for route in Routes(fleet).all}
    assert {name for name, types in routes.items() if "idempotency_key" in types} == set(MADE)
    for name, of in MADE.items():
        path, body = of(own)
        first = fleet.api("POST", path, body, headers={"Idempotency-Key": name})
        assert first.status in (200, 201, 202) and "idempotency-replayed" not in first.headers, (name, first)
        rows = fleet.value(ROWS)
        again = fleet.api("POST", path, body, headers={"Idempotency-Key": name})
        assert (again.status, again.body, again.headers.get("location")) == (first.status, first.body, first.headers.get("location"))
        assert again.headers["idempotency-replayed"] == "true" and fleet.value(ROWS) == rows, name
    assert [row for row in fleet.sql("select * from kept_answers") if "sfk_" in row["body"] or "whsec_" in row["body"]] == []
    for name, types in routes.items():
        if "if_none_match" not in types:
            continue
        path = name[4:].format(sync_id=own.failed, connection_id=own.connection.id)
        tag = fleet.api("GET", path).headers["etag"]
        assert fleet.api("GET", path, headers={"If-None-Match": tag}).status == 304, name


def belongings(fleet):
    """A tenant with something for every route."""
    connection = fleet.connection("a", records={"contacts": 1}, dials=[{"dial": "nul_text", "resource": "contacts"}])
    fleet.simulator.dial("a", "server_error", resource="matters", status=404, times=-1)
    fleet.simulator.dial("a", "server_error", resource="tasks", status=404, times=-1)
    fleet.start_producer(outgoing__allow_plain_loopback=True, asks__wait_ms=100)
    worker = fleet.start_worker()
    webhook = fleet.api("POST", "/v1/webhooks", {"url": "http://127.0.0.1:1/hook"}).body["webhook_id"]
    failed = fleet.sync(connection)
    fleet.wait_for_sync(failed, state="failed")
    worker.stop()
    letters = [row["task_id"] for row in fleet.sql("select task_id from sync_tasks where state = 'failed'")]
    fleet.connection("g", provider="google")
    zoho = fleet.connection("z", provider="zoho")
    fleet.sql("insert into resource_states (connection_id, resource) values (%s, 'leads')", zoho.id)  # it was walked before
    delivery = fleet.wait_until(lambda: fleet.sql("select delivery_id from webhook_deliveries"), what="a delivery")[0]["delivery_id"]
    return SimpleNamespace(connection=connection, failed=failed, letters=letters, webhook=webhook, delivery=delivery)


# ---- conflicts ----

def test_who_does_not_want_to_join_is_refused(fleet):
    connection = fleet.connection("a", records={"contacts": 1})
    fleet.start_producer()
    first = post(fleet, request_of(connection, "contacts", on_conflict="reject"))
    assert first.status == 202
    refused = post(fleet, request_of(connection, "matters", "contacts", "tasks", on_conflict="reject"))
    assert (refused.status, refused.body["code"]) == (409, "sync_in_progress")
    assert (refused.body["sync_id"], refused.body["href"]) == (first.body["sync_id"], first.headers["location"])
    assert [task["resource"] for task in fleet.tasks()] == ["contacts"], "a refused request leaves nothing"
    kept = post(fleet, request_of(connection, "contacts", on_conflict="reject"), "k")
    assert kept.status == 409

    event = fleet.request_by_kafka(connection, ["contacts"], on_conflict="reject")
    letter = fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the dead letter")[0]
    headers = dict(letter.headers)
    assert headers["ce_id"] == event
    assert headers["__connect.errors.exception.class.name"] == "sync_in_progress"
    joined = post(fleet, request_of(connection, "contacts"))
    assert [task["task_id"] for task in joined.body["tasks"]] == [task["task_id"] for task in fleet.tasks()], "who may join still joins"

    fleet.start_worker()
    fleet.wait_for_sync(first.body["sync_id"], state="completed")
    fleet.wait_for_sync(joined.body["sync_id"], state="completed")
    assert post(fleet, request_of(connection, "contacts", on_conflict="reject"), "k").status == 202


def test_of_many_who_do_not_join_one_is_accepted(fleet):
    connection = fleet.connection("a", records={"contacts": 1})
    fleet.start_producer()
    urls = [fleet.producer_url]
    fleet.start_producer()
    urls.append(fleet.producer_url)
    orders = (("contacts", "matters"), ("matters", "contacts"), ("tasks", "matters"), ("matters",))
    answers = all_at_once([lambda order=order, url=url: post(fleet, request_of(connection, *order, on_conflict="reject"), url=url)
                           for order in orders for url in urls])
    assert sorted(answer.status for answer in answers) == [202] + [409] * 7
    (made,) = [answer.body["sync_id"] for answer in answers if answer.status == 202]
    assert {answer.body["sync_id"] for answer in answers if answer.status == 409} == {made}
    assert fleet.syncs() == [made]


# ---- joined work ----

# What happens to tasks, in the order in which it does: requests and claims lock the task, so no clock is needed.
DIARY = """
create table diary (n bigserial primary key, what text, sync_id uuid, task_id uuid);
create function write_member() returns trigger language plpgsql as $$
begin
    insert into diary (what, sync_id, task_id) values ('joined', new.sync_id, new.task_id);
    return null;
end $$;
create function write_task() returns trigger language plpgsql as $$
begin
    insert into diary (what, task_id) values (tg_argv[0], new.task_id);
    return null;
end $$;
create function write_sync() returns trigger language plpgsql as $$
begin
    insert into diary (what, sync_id) values ('over', new.sync_id);
    return null;
end $$;
create trigger over after update on syncs for each row when (old.ended_at is null and new.ended_at is not null)
    execute function write_sync();
create trigger joined after insert on sync_members for each row execute function write_member();
create trigger claimed after update on sync_tasks for each row when (old.epoch = 0 and new.epoch = 1)
    execute function write_task('claimed');
create trigger ended after update on sync_tasks for each row when (old.ended_at is null and new.ended_at is not null)
    execute function write_task('ended');
"""

UNWANTED = """select count(*) from sync_tasks t where t.ended_at is null and not exists (
    select from sync_members m join syncs s using (sync_id) where m.task_id = t.task_id and s.ended_at is null)"""


def test_requests_claims_cancels_and_ends_in_any_order(fleet, dice):
    """Whoever asks gets a run that was claimed after he asked and is as wide; nothing runs for nobody; nothing is left."""
    connections = [fleet.connection(f"a{n}", records={"contacts": 40}, latency_ms=20) for n in range(3)]
    fleet.sql(DIARY)
    fleet.start_producer()
    urls = [fleet.producer_url]
    fleet.start_producer()
    urls.append(fleet.producer_url)
    fleet.start_worker(slice__pages=1)
    accepted, cancelled, unwanted = [], set(), []

    def asker(seed):
        own = type(dice)(seed)
        for _ in range(30):
            body = request_of(own.choice(connections), *own.sample(["contacts", "matters"], own.choice([1, 1, 2])),
                              mode=own.choice(["full", "incremental"]), priority=own.choice(["interactive", "backfill"]))
            sync = post(fleet, body, url=own.choice(urls)).body["sync_id"]
            accepted.append(sync)
            if own.random() < 0.4:
                victim = own.choice(accepted)
                if fleet.http("POST", f"{own.choice(urls)}/v1/syncs/{victim}/cancel", key=fleet.tenant.key).status == 202:
                    cancelled.add(victim)

    def watcher():
        with fleet.another_session() as session, session.cursor() as cursor:
            while any(thread.is_alive() for thread in askers):
                cursor.execute(UNWANTED)
                unwanted.append(cursor.fetchone()["count"])

    askers = [threading.Thread(target=asker, args=(dice.random(),)) for _ in range(6)]
    watch = threading.Thread(target=watcher)
    for thread in (*askers, watch):
        thread.start()
    for thread in (*askers, watch):
        thread.join()
    assert len(accepted) == 180 and set(unwanted) == {0}
    fleet.wait_until(lambda: fleet.value("select not exists (select from sync_tasks where ended_at is null)"), 60, "all tasks to end")

    states = {row["sync_id"]: row["state"] for row in fleet.sql("select sync_id, state from syncs")}
    assert set(states) == set(accepted) and set(states.values()) <= {"completed", "cancelled"}
    assert {sync for sync, state in states.items() if state == "cancelled"} == cancelled
    assert fleet.sql("""select * from syncs s join sync_members m using (sync_id) join sync_tasks t using (task_id)
        where s.state = 'completed' and (t.state <> 'completed' or s.mode = 'full' and t.mode <> 'full')""") == []
    assert fleet.sql("""select * from sync_tasks t join diary e on e.task_id = t.task_id and e.what = 'ended'
        where t.state = 'completed' and not exists (select from sync_members m join diary o on o.sync_id = m.sync_id and o.what = 'over'
            where m.task_id = t.task_id and o.n > e.n)""") == [], "it ran on for nobody"
    early = fleet.sql("""select j.* from diary j join diary c on c.task_id = j.task_id and c.what in ('claimed', 'ended')
        where j.what = 'joined' and c.n < j.n""")
    assert early == [], "a request joined work that had begun"
    runs = fleet.value("select count(*) from sync_tasks")
    assert runs < fleet.value("select count(*) from sync_members"), "work was shared"


ACCEPT = "select * from accept_sync({id}, {tenant}, 'http', null, {connection}, 'practicepanther', '{{contacts}}', 'full', null, false)"
CANCEL = "select * from cancel_sync({first}, {tenant})"
CLAIM = "update sync_tasks set state = 'running', epoch = 1, started_at = now(), queued_at = null where task_id = {task}"
END = "select * from end_tasks(array[{task}::uuid], '{{completed}}', '{{null}}', '{{null}}')"
RUNNING, QUEUED = True, False

# What a task is at, two transactions in the order of their first locks, and then: the first and second sync's states, how
# many tasks there are, and how many of them are open.
MEETINGS = {
    "joined before the last cancel": (QUEUED, ACCEPT, CANCEL, "cancelled", "running", 1, 1),
    "joined after the last cancel": (QUEUED, CANCEL, ACCEPT, "cancelled", "running", 2, 1),
    "joined before the claim": (QUEUED, ACCEPT, CLAIM, "running", "running", 1, 1),
    "asked after the claim": (QUEUED, CLAIM, ACCEPT, "running", "running", 2, 2),
    "asked before the end": (RUNNING, ACCEPT, END, "completed", "running", 2, 1),
    "asked after the end": (RUNNING, END, ACCEPT, "completed", "running", 2, 1),
    "asked before the last cancel of what runs": (RUNNING, ACCEPT, CANCEL, "cancelled", "running", 2, 1),
    "asked after the last cancel of what runs": (RUNNING, CANCEL, ACCEPT, "cancelled", "running", 2, 1),
    "ended before the last cancel": (RUNNING, END, CANCEL, "completed", None, 1, 0),
    "ended after the last cancel": (RUNNING, CANCEL, END, "cancelled", None, 1, 0),
}


@pytest.mark.parametrize("meeting", MEETINGS)
def test_two_transactions_that_meet_at_a_task(fleet, meeting):
    state, first, second, ends, other_ends, tasks, open_tasks = MEETINGS[meeting]
    connection = fleet.tenant.connections(["a"])[0]
    ids = [str(uuid.uuid4()) for _ in range(2)]
    words = {"tenant": fleet.tenant.id, "connection": connection.id, "first": ids[0], "id": ids[1]}
    quoted = {name: f"'{value}'" for name, value in words.items()}
    fleet.sql(ACCEPT.format(**{**quoted, "id": quoted["first"]}))
    quoted["task"] = f"'{fleet.tasks()[0]['task_id']}'"
    if state is RUNNING:
        fleet.sql(CLAIM.format(**quoted))
    with fleet.another_session() as one, fleet.another_session() as two, one.cursor() as earlier, two.cursor() as later:
        one.autocommit = two.autocommit = False
        earlier.execute(first.format(**quoted))
        waiting = threading.Thread(target=lambda: (later.execute(second.format(**quoted)), two.commit()))
        waiting.start()
        fleet.wait_until(lambda: fleet.value("select exists (select from pg_locks where pid = %s and not granted)", two.info.backend_pid),
                         what="the second to wait for the first")
        one.commit()
        waiting.join()
    states = {row["sync_id"]: row["state"] for row in fleet.sql("select sync_id, state from syncs")}
    assert (states[ids[0]], states.get(ids[1])) == (ends, other_ends)
    assert (len(fleet.tasks()), len([task for task in fleet.tasks() if not task["ended_at"]])) == (tasks, open_tasks)
    assert fleet.value(UNWANTED) == 0
    held = [task for task in fleet.tasks() if not task["ended_at"] and not task["queued_at"] and task["state"] == "queued"]
    assert bool(held) == (meeting == "asked after the claim"), "a follow-up is held while the other runs, not longer"


def test_many_requests_while_it_runs_make_one_more_run(fleet):
    connection = fleet.connection("a", records={"contacts": 5}, latency_ms=1500)
    fleet.start()
    first = fleet.sync(connection, ["contacts"])
    fleet.wait_until(lambda: fleet.tasks(first)[0]["state"] == "running", what="the first run")
    modes = ["incremental", "full", "incremental", "incremental"]
    later = [answer.body["sync_id"] for answer in all_at_once(
        [lambda mode=mode: post(fleet, request_of(connection, "contacts", mode=mode)) for mode in modes])]
    (held,) = {task["task_id"] for task in fleet.tasks(*later)}
    assert fleet.value("select mode from sync_tasks where task_id = %s", held) == "full"
    for sync in later[:-1]:
        assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    assert fleet.value("select state from sync_tasks where task_id = %s", held) == "queued"
    assert fleet.api("POST", f"/v1/syncs/{later[-1]}/cancel").status == 202
    assert fleet.value("select state from sync_tasks where task_id = %s", held) == "cancelled"
    last = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(first, state="completed")
    fleet.wait_for_sync(last, state="completed")
    assert fleet.value("select count(*) from sync_tasks") == 3


# ---- priorities ----

def queue(fleet, tenant, account, priority, age="0", resource="contacts"):
    """A queued task of one account, as old as said, without a producer; returns its id."""
    connection = account if hasattr(account, "id") else tenant.connections([account])[0]
    made = fleet.sql("select body from accept_sync(gen_random_uuid(), %s, 'http', null, %s, %s, %s, 'full', null, false, %s)",
                     tenant.id, connection.id, PROVIDER, [resource], priority)
    (task,) = json.loads(made[0]["body"])["tasks"]
    fleet.sql("update sync_tasks set queued_at = queued_at - %s::interval, ripe_at = ripe_at - %s::interval where task_id = %s",
              age, age, task["task_id"])
    return task["task_id"]


def dispatched(fleet, room):
    """The tasks that the clock would send next, in order, with room for so many unclaimed ones altogether."""
    (row,) = fleet.sql("select messages from dispatch_queued(array[%s], %s, '10 s')", PROVIDER, room)
    return [json.loads(message["value"])["task_id"] for message in json.loads(row["messages"] or "[]")]


def test_a_backfill_stands_behind_until_it_is_ripe(fleet):
    tenant = fleet.tenant
    young = queue(fleet, tenant, "young", "backfill", "9 minutes")
    ripe = queue(fleet, tenant, "ripe", "backfill", "11 minutes")
    old = queue(fleet, tenant, "old", "interactive", "2 minutes")
    new = queue(fleet, tenant, "new", "interactive")
    just = queue(fleet, tenant, "just", "backfill", "10 minutes 30 seconds")
    assert dispatched(fleet, 2) == [old, ripe], "ripe a minute ago, it counts from then"
    assert dispatched(fleet, 5) == [just, new, young]
    assert dispatched(fleet, 9) == []


def test_turns_of_tenants_do_not_look_at_priorities(fleet):
    crowd, one = fleet.tenant, fleet.new_tenant("one")
    first = [queue(fleet, crowd, f"c{n}", "interactive", f"{9 - n} minutes") for n in range(4)]
    backfill = queue(fleet, one, "b", "backfill", "30 seconds")
    other = queue(fleet, one, "i", "interactive")
    assert dispatched(fleet, 2) == [first[0], other]
    assert dispatched(fleet, 4) == [first[1], backfill]
    assert dispatched(fleet, 9) == first[2:]


def test_who_is_waited_for_is_no_backfill_any_more(fleet):
    tenant = fleet.tenant
    a, b, c = tenant.connections(["a", "b", "c"])
    queued = queue(fleet, tenant, a, "backfill")
    behind = queue(fleet, tenant, b, "backfill", "5 minutes")
    assert queue(fleet, tenant, a, "interactive") == queued
    assert dispatched(fleet, 1) == [queued]
    fleet.sql("update sync_tasks set state = 'running', epoch = 1, due_at = null where task_id = %s", queued)
    held = queue(fleet, tenant, a, "backfill")
    assert held != queued
    fleet.sql("update sync_tasks set state = 'queued', queued_at = now() where task_id = %s", queued)
    assert queue(fleet, tenant, c, "backfill", "8 minutes") and dispatched(fleet, 1) == [queued], "a slice's end changes nothing"
    fleet.sql("update sync_tasks set state = 'running', ripe_at = now() + interval '10 minutes', due_at = null where task_id = %s", queued)
    assert queue(fleet, tenant, a, "interactive") == held, "it waits for the running one, which is hurried as well"
    assert fleet.sql("select from sync_tasks where ripe_at is not null and connection_id = %s", a.id) == []
    assert fleet.value("select ripe_at is not null from sync_tasks where task_id = %s", behind)


def test_a_backfill_yields_to_whoever_waits(fleet):
    crowd = fleet.tenant.connections(fleet.simulator.accounts("b-", 12, records={"contacts": 5}, latency_ms=150))
    late = fleet.connection("late", records={"contacts": 5})
    fleet.sql(DIARY)
    fleet.start_producer(dispatch__slots_floor=1)
    fleet.start_worker(worker__slots=1)
    fleet.wait_until(lambda: fleet.value("select count(*) from workers"), what="the worker to join")
    for connection in crowd:
        assert post(fleet, request_of(connection, "contacts", priority="backfill")).status == 202
    sync = post(fleet, request_of(late, "contacts")).body
    fleet.wait_for_sync(sync["sync_id"], state="completed")
    claimed = [row["task_id"] for row in fleet.sql("select task_id from diary where what = 'claimed' order by n")]
    assert claimed.index(sync["tasks"][0]["task_id"]) <= 8, "not the last of thirteen"
    shown = fleet.api("GET", "/v1/syncs?priority=backfill").body["syncs"]
    assert len(shown) == 12 and {one["priority"] for one in shown} == {"backfill"}
    assert fleet.api("GET", f"/v1/syncs/{sync['sync_id']}").body["priority"] == "interactive"


# ---- reading ----

def test_validators(fleet):
    connection = fleet.connection("a", records={"contacts": 3})
    fleet.start_producer()
    sync = fleet.sync(connection, ["contacts"])
    paths = (f"/v1/syncs/{sync}", "/v1/syncs?limit=1")
    tags = {path: fleet.api("GET", path).headers["etag"] for path in paths}
    for path, tag in tags.items():
        assert tag.startswith('"')
        for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            answer = fleet.api("GET", path, headers={"If-None-Match": given})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, "", tag)
        assert fleet.api("HEAD", path, headers={"If-None-Match": tag}).status == 304
        assert fleet.api("HEAD", path).headers["etag"] == tag
        assert fleet.api("GET", path, headers={"If-None-Match": '"x"'}).status == 200
    fleet.start_worker()
    fleet.wait_for_sync(sync, state="completed")
    for path, tag in tags.items():
        changed = fleet.api("GET", path, headers={"If-None-Match": tag})
        assert changed.status == 200 and changed.headers["etag"] != tag
        assert fleet.api("GET", path, headers={"If-None-Match": changed.headers["etag"]}).status == 304


def walk(fleet, path):
    """Every sync on the pages, following the links."""
    found = []
    while path:
        answer = fleet.api("GET", path)
        assert answer.status == 200, answer
        found += [sync["sync_id"] for sync in answer.body["syncs"]]
        link = answer.headers.get("link")
        assert bool(link) == bool(answer.body["next_cursor"])
        path = link and link[1:link.index(">")]
    return found


def test_pages_show_each_sync_once_while_others_are_made(fleet):
    connections = fleet.tenant.connections([f"a{n}" for n in range(20)])
    fleet.start_producer()
    before = [post(fleet, request_of(connection)).body["sync_id"] for connection in connections for _ in range(2)]
    stop = threading.Event()
    def make():
        while not stop.is_set():
            post(fleet, request_of(connections[0]))
    maker = threading.Thread(target=make)
    maker.start()
    try:
        walks = [walk(fleet, f"/v1/syncs?limit={limit}") for limit in (1, 3, 7, 200)]
    finally:
        stop.set()
        maker.join()
    for found in walks:
        assert max(collections.Counter(found).values()) == 1
        assert [sync for sync in found if sync in set(before)] == before[::-1], "newest first, none left out"


def test_filters(fleet):
    a = fleet.connection("a", records={"contacts": 1, "matters": 1})
    b = fleet.connection("b", records={"contacts": 1, "matters": 1})
    fleet.start_producer()
    for n in range(4):
        post(fleet, request_of(a, *(["contacts"], ["matters"], ["contacts", "matters"], [])[n], mode=("full", "incremental")[n % 2]))
        post(fleet, request_of(b, "contacts", priority=("backfill", "interactive")[n % 2]))
    fleet.api("POST", f"/v1/syncs/{fleet.syncs()[2]}/cancel")
    times = [row["created_at"].isoformat() for row in fleet.sql("select created_at from syncs order by sync_id")]
    truths = {
        f"connection_id={a.id}": f"connection_id = '{a.id}'",
        "mode=full": "mode = 'full'",
        "priority=backfill": "backfill",
        "priority=interactive": "not backfill",
        "state=cancelled": "state = 'cancelled'",
        "state=queued": "state = 'running'",
        "state=running": "false",
        "provider=practicepanther": "true",
        "provider=zoho": "false",
        "resource=matters": "sync_id in (select sync_id from sync_members join sync_tasks using (task_id) where resource = 'matters')",
        "resource=nothing": "false",
        f"created_after={urllib.parse.quote(times[2])}": f"created_at > '{times[2]}'",
        f"created_before={urllib.parse.quote(times[5])}": f"created_at < '{times[5]}'",
        f"created_after={urllib.parse.quote(times[1])}&created_before={urllib.parse.quote(times[6])}&mode=incremental&priority=interactive":
            f"created_at > '{times[1]}' and created_at < '{times[6]}' and mode = 'incremental' and not backfill",
        "created_after=2999-01-01T00:00:00Z": "false",
        "created_before=1969-01-01T00:00:00Z": "false",
    }
    for query, truth in truths.items():
        wanted = [row["sync_id"] for row in fleet.sql(f"select sync_id from syncs where {truth} order by sync_id desc")]
        assert walk(fleet, f"/v1/syncs?limit=2&{query}") == wanted, query
    for wrong in ("created_after=2026-13-01T00:00:00Z", "created_after=now", "priority=high", "resource="):
        assert fleet.api("GET", f"/v1/syncs?{wrong}").status == 422, wrong


# ---- once more, and waiting ----

def test_what_has_failed_is_asked_for_again(fleet):
    connection = fleet.connection("a", records={"contacts": 3, "matters": 3})
    fleet.simulator.dial("a", "server_error", resource="matters", status=404)
    fleet.start()
    failed = fleet.sync(connection, ["contacts", "matters"], "full")
    again = f"/v1/syncs/{failed}/retry"
    assert fleet.api("POST", again).body["code"] == "sync_not_failed", "while it is under way"
    fleet.wait_for_sync(failed, state="failed")
    fleet.simulator.clear_dials("a")
    answers = [fleet.api("POST", again, headers={"Idempotency-Key": "again"}) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202] and answers[0].body == answers[1].body
    sync = answers[0].body["sync_id"]
    assert [(task["resource"], task["mode"]) for task in fleet.tasks(sync)] == [("matters", "full")]
    fleet.wait_for_sync(sync, state="completed")
    assert (fleet.api("POST", f"/v1/syncs/{sync}/retry").status, fleet.api("POST", again, {"x": 1}).status) == (409, 422)
    stranger = fleet.new_tenant("stranger")
    assert stranger.api("POST", again).status == 404
    assert len(fleet.syncs()) == 2


def test_who_prefers_to_wait_gets_the_end(fleet):
    connections = [fleet.connection(f"a{n}", records={"contacts": 3}) for n in range(8)]
    fleet.start()
    answers = all_at_once([lambda one=one: post(fleet, request_of(one, "contacts"), "k" + one.id, Prefer="wait=10") for one in connections])
    assert {(answer.status, answer.body["state"], answer.headers["preference-applied"]) for answer in answers} == \
        {(200, "completed", "wait=10")}
    for answer in answers:
        assert answer.headers["location"] == answer.body["href"] and answer.body["records"]["inserted"] == 3
    again = post(fleet, request_of(connections[0], "contacts"), "k" + connections[0].id, Prefer="wait=10")
    assert (again.status, again.headers["idempotency-replayed"], again.body) == (200, "true", answers[0].body)
    fleet.workers[0].stop()
    in_vain = post(fleet, request_of(connections[0], "contacts"), Prefer="respond-async, wait=1")
    assert (in_vain.status, in_vain.body["state"], in_vain.headers["preference-applied"]) == (202, "queued", "wait=1")
    assert in_vain.headers["location"] == in_vain.body["href"]
