# SPDX-License-Identifier: Apache-2.0
"""Everything that goes wrong around a fleet: processes that die, freeze and come back, a database and a broker that go away,
messages that are lost, repeated and forged, answers that never arrive. Afterwards every sync is what it would have been.
"""
import json
import os
import signal
import threading
import uuid

import pytest

from harness.faithful import ResultWatch, assert_faithful
from harness.fleet import PRODUCER_SOON, WORKER_SOON
from harness.proxy import AFTER, BEFORE, PostgresProxy

SCALE = 10 if "FLEET_CAMPAIGN" in os.environ else 1
TASKS_TOPIC = "sync.tasks.practicepanther"


def accounts(fleet, count, prefix="acct", **settings):
    """Many accounts at once, connected."""
    return fleet.tenant.connections(fleet.simulator.accounts(f"{prefix}-", count, **settings))


def pages(fleet, connection):
    return fleet.value("select coalesce(sum(page), 0)::int from sync_tasks where connection_id = %s", connection.id)


def wait_for_pages(fleet, connection, n):
    fleet.wait_until(lambda: pages(fleet, connection) >= n, what=f"{n} committed pages")


def requested(fleet, account, resource="contacts"):
    """The offsets that were asked for, in order, with how often they were answered with a page."""
    served = [entry for entry in fleet.simulator.log(account) if entry["path"].endswith(resource) and entry["status"] == 200]
    return [entry["query"] for entry in served]


# --- workers that freeze, die, come and go ---

def test_frozen_worker_whose_work_was_taken_over_changes_nothing(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    frozen = fleet.start_worker(**WORKER_SOON)
    connection = fleet.connection("acct", records={"contacts": 1500}, latency_ms=60)
    with ResultWatch(fleet) as watch:
        sync = fleet.sync(connection, ["contacts"], "full")
        wait_for_pages(fleet, connection, 3)
        frozen.freeze()
        (held,) = fleet.tasks(sync)
        other = fleet.start_worker(**WORKER_SOON)
        fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] > held["page"] + 1 and fleet.tasks(sync)[0]["epoch"] > held["epoch"],
                         what="another worker's pages")
        frozen.thaw()
        fleet.wait_until(lambda: frozen.events("declared_dead"), what="the thawed worker to learn it")
        events = assert_faithful(fleet, [sync])
    assert not watch.early
    assert fleet.tasks(sync)[0]["records_inserted"] == 1500
    assert [event["event_type"] for event in events] == ["task.completed", "sync.completed"]
    assert frozen.stop() == 0 and other.stop() == 0


def test_page_of_a_frozen_worker_meets_a_closed_fence(fleet):
    """The page is on its way to PostgreSQL, its worker stops, and the page arrives when the task is another worker's."""
    fleet.start_producer(**PRODUCER_SOON)
    connection = fleet.connection("acct", records={"contacts": 1500}, latency_ms=60)
    with PostgresProxy(fleet.postgres) as proxy:
        frozen = fleet.start_worker(database__url=proxy.url(fleet.database), **WORKER_SOON)
        sync = fleet.sync(connection, ["contacts"], "full")
        wait_for_pages(fleet, connection, 2)
        proxy.hold("fence")
        fleet.wait_until(lambda: proxy.holding, what="a page on its way")
        frozen.freeze()
        (held,) = fleet.tasks(sync)
        fleet.start_worker(**WORKER_SOON)
        fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] > held["page"] + 1, what="another worker's pages")
        proxy.let_go("fence")
        frozen.thaw()
        fleet.wait_until(lambda: frozen.events("task_lost"), what="the thawed worker to learn it")
        assert_faithful(fleet, [sync])
    assert fleet.tasks(sync)[0]["records_inserted"] == 1500


def test_a_third_of_the_workers_killed_again_and_again_during_2000_tasks(fleet, dice):
    fleet.send_events_again_after(500)
    fleet.topics.widen(TASKS_TOPIC, 16)  # each worker has some
    fleet.start_producer(**PRODUCER_SOON)
    settings = {"worker__slots": 8, "slice__pages": 2, **WORKER_SOON}
    workers = [fleet.start_worker(**settings) for _ in range(8)]
    connections = accounts(fleet, 670 * SCALE, records={"contacts": 120, "matters": 30, "tasks": 0}, latency_ms=100)
    with ResultWatch(fleet) as watch:
        syncs = [fleet.sync(connection, mode="full") for connection in connections]
        ended = kills = 0
        while ended < len(syncs):
            aim = ended + len(syncs) // 7
            fleet.wait_until(lambda: syncs_ended(fleet) >= min(aim, len(syncs)), 90, f"{aim} syncs to end")
            ended = syncs_ended(fleet)
            for worker in dice.sample(workers, 3):
                worker.kill()
                workers[workers.index(worker)] = fleet.restart(worker)
                kills += 1
        events = assert_faithful(fleet, syncs)
    assert not watch.early
    assert len(fleet.tasks()) == 2010 * SCALE and len([event for event in events if event["task_id"]]) == 2010 * SCALE
    assert all(task["state"] == "completed" for task in fleet.tasks())
    assert kills >= 15


def syncs_ended(fleet):
    return fleet.value("select count(*) from syncs where ended_at is not null")


def test_workers_come_and_go_all_the_time(fleet, dice):
    fleet.topics.widen(TASKS_TOPIC, 8)
    fleet.start_producer(**PRODUCER_SOON)
    settings = {"worker__slots": 4, "slice__pages": 2, **WORKER_SOON}
    workers = [fleet.start_worker(**settings) for _ in range(3)]
    connections = accounts(fleet, 60 * SCALE, records={"contacts": 230, "matters": 130, "tasks": 40}, latency_ms=60)
    syncs = [fleet.sync(connection, mode="full") for connection in connections]
    moves = 0
    while syncs_ended(fleet) < len(syncs):
        before = fleet.value("select sum(page) from sync_tasks")
        fleet.wait_until(lambda: fleet.value("select sum(page) from sync_tasks") > before + 20 or syncs_ended(fleet) == len(syncs),
                         60, "progress")
        if len(workers) < 3 or len(workers) < 6 and dice.random() < 0.5:
            workers.append(fleet.start_worker(**settings))
        else:
            assert workers.pop(dice.randrange(len(workers))).stop() == 0
        moves += 1
    assert_faithful(fleet, syncs)
    assert fleet.value("select sum(takeovers) from sync_tasks") == 0, "who leaves in good order is not taken for dead"
    assert moves >= 5


def test_sigterm_ends_a_long_task_behind_its_page_and_another_goes_on_there(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    first = fleet.start_worker(**WORKER_SOON)
    connection = fleet.connection("acct", records={"contacts": 2500}, latency_ms=50)
    sync = fleet.sync(connection, ["contacts"], "full")
    wait_for_pages(fleet, connection, 4)
    assert first.stop() == 0
    steps = [entry for entry in first.events() if entry["event"] in ("stopping", "task_step")]
    after = steps[[entry["event"] for entry in steps].index("stopping"):]
    assert [entry["step"] for entry in after[1:]].count("answer") == 0, "no call is begun after SIGTERM"
    assert not first.events("shutdown_grace_over")
    second = fleet.start_worker(**WORKER_SOON)
    assert_faithful(fleet, [sync])
    asked = requested(fleet, "acct")
    assert len(asked) == len(set(asked)), "a page was fetched twice"
    assert second.stop() == 0


def test_sigterm_while_a_claim_comes_back_empty(fleet):
    """The worker waits for its claim and ends, although the claim brings nothing that could end it."""
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(**WORKER_SOON)
    connection = fleet.connection("acct", records={"contacts": 10})
    other = fleet.another_session()
    other.autocommit = False
    with other.cursor() as cursor:
        cursor.execute("lock table sync_tasks in share row exclusive mode")
        before = len(worker.events())
        fleet.produce(TASKS_TOPIC, {"task_id": str(uuid.uuid4()), "dispatch": 1, "provider": "practicepanther", "resource": "contacts",
                                    "connection_id": connection.id, "tenant_id": connection.tenant.id, "mode": "full"}, key="k")
        fleet.wait_until(lambda: fleet.waits_for_lock("sync-worker control"), what="the claim")
        worker.signal(signal.SIGTERM)
        fleet.wait_until(lambda: worker.events("stopping"), what="the worker to stop")
    other.rollback()
    other.close()
    assert worker.wait() == 0
    assert not worker.events("shutdown_grace_over"), worker.events()[before:]


# --- the broker ---

QUICK_METADATA = {"kafka__properties": "session.timeout.ms=1000;heartbeat.interval.ms=200;topic.metadata.refresh.interval.ms=500;"
                                       "topic.metadata.propagation.max.ms=1000"}


def test_task_topic_deleted_and_made_again(fleet):
    fleet.start_producer(**{**PRODUCER_SOON, "kafka__properties": "topic.metadata.refresh.interval.ms=500;topic.metadata.propagation.max.ms=1000"})
    settings = {"worker__slots": 4, "slice__pages": 2, **WORKER_SOON, **QUICK_METADATA}
    fleet.start_worker(**settings)
    fleet.start_worker(**settings)
    connections = accounts(fleet, 30, records={"contacts": 330, "matters": 130, "tasks": 0}, latency_ms=50)
    syncs = [fleet.sync(connection, mode="full") for connection in connections]
    fleet.wait_until(lambda: syncs_ended(fleet) >= 5, what="some syncs to end")
    fleet.topics.delete(TASKS_TOPIC)
    fleet.topics.create(TASKS_TOPIC)
    assert syncs_ended(fleet) < len(syncs)
    assert_faithful(fleet, syncs, timeout=90)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_broker_restarted_in_the_middle(fleet, kafka, how):
    fleet.start_producer(**PRODUCER_SOON)
    settings = {"worker__slots": 4, "slice__pages": 2, **WORKER_SOON}
    fleet.start_worker(**settings)
    fleet.start_worker(**settings)
    connections = accounts(fleet, 40, records={"contacts": 330, "matters": 130, "tasks": 0}, latency_ms=50)
    with ResultWatch(fleet) as watch:
        syncs = [fleet.sync(connection, mode="full") for connection in connections]
        fleet.wait_until(lambda: syncs_ended(fleet) >= 5, what="some syncs to end")
        if how == "stopped":
            kafka.stop()
        else:
            kafka.kill()
        syncs.append(fleet.sync(fleet.connection("late", records={"contacts": 120}), mode="full"))  # accepted without a broker
        kafka.start()
        assert_faithful(fleet, syncs, timeout=90)
    assert not watch.early


GARBAGE = [None, b"", b"{", b"[]", b"null", b"\xff\xfe\x00", b"[" * 5000, b'"' + b"x" * 200_000 + b'"', b'{"task_id": 1}']


def test_task_messages_repeated_reordered_stale_and_forged(fleet, dice):
    fleet.start_producer(**PRODUCER_SOON)
    settings = {"worker__slots": 4, "slice__pages": 1, **WORKER_SOON}
    fleet.start_worker(**settings)
    fleet.start_worker(**settings)
    connections = accounts(fleet, 12, records={"contacts": 430, "matters": 130, "tasks": 0}, latency_ms=20)
    syncs = [fleet.sync(connection, mode="full") for connection in connections]
    while syncs_ended(fleet) < len(syncs):
        seen = fleet.messages(TASKS_TOPIC)
        before = len(seen)
        for message in dice.sample(seen, min(len(seen), 20)):
            fleet.produce(TASKS_TOPIC, forged(message, dice), message.key, partition=dice.randrange(2))
        fleet.produce(TASKS_TOPIC, dice.choice(GARBAGE), partition=dice.randrange(2))
        fleet.wait_until(lambda: len(fleet.messages(TASKS_TOPIC)) > before, what="the messages")
    assert_faithful(fleet, syncs)
    said = [event for worker in fleet.workers for event in worker.events("message_unreadable")]
    assert said, "nobody said a word about the garbage"


def forged(message, dice):
    """The same message again, or one that nobody waits for."""
    try:
        task = json.loads(message.value or b"")
    except (ValueError, RecursionError):  # garbage of ours, 5,000 brackets deep
        return message.value
    if not isinstance(task, dict) or "dispatch" not in task:
        return message.value
    change = dice.choice([{}, {}, {"dispatch": task["dispatch"] - 1}, {"dispatch": task["dispatch"] + 5}, {"task_id": str(uuid.uuid4())},
                          {"dispatch": 1 << 40}, {"resource": "nothing"}, {"provider": "bench"}])
    return json.dumps({**task, **change}).encode()


@pytest.mark.parametrize("headers", [{"ce_id": b"\xff\xfe"}, {"ce_source": b"a\x00b"}, {"traceparent": b"\xc3("}, {"ce_id": b""},
                                     {"ce_id": b"x" * 5000}, {"content-type": b"\xff"}],
                         ids=["id-no-utf8", "source-with-nul", "trace-no-utf8", "id-empty", "id-long", "type-no-utf8"])
def test_request_with_bytes_that_are_no_text_stops_nobody_behind_it(fleet, headers):
    fleet.start()
    connection = fleet.connection("acct", records={"contacts": 10})
    fleet.request_by_kafka(connection, ["contacts"], headers=headers)
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs") or fleet.messages("sync.requests.dlq"),
                     what="the request to be accepted or refused")
    for _ in range(4):  # both partitions
        fleet.request_by_kafka(connection, ["matters"])
    fleet.topics.produce("sync.requests", b"{", partition=0)
    fleet.topics.produce("sync.requests", b"{", partition=1)
    fleet.wait_until(lambda: sum(m.value == b"{" for m in fleet.messages("sync.requests.dlq")) == 2, what="those behind it")
    assert_faithful(fleet, fleet.syncs())


# --- the database ---

@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_postgresql_restarted_in_the_middle(fleet, how):
    fleet.start_producer(**PRODUCER_SOON)
    settings = {"worker__slots": 8, "slice__pages": 2, **WORKER_SOON}
    fleet.start_worker(**settings)
    fleet.start_worker(**settings)
    connections = accounts(fleet, 40, records={"contacts": 330, "matters": 130, "tasks": 0}, latency_ms=50)
    syncs = [fleet.sync(connection, mode="full") for connection in connections]
    for share in (4, 2):
        fleet.wait_until(lambda: syncs_ended(fleet) >= len(syncs) // share, what="some syncs to end")
        fleet.restart_postgres(how)
    for n in range(4):
        fleet.request_by_kafka(connections[n], ["contacts"], "full")
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs") == len(syncs) + 4, what="the requests")
    assert_faithful(fleet, fleet.syncs())
    assert all(process.running for process in (fleet.producer, *fleet.workers))


# What a worker asks PostgreSQL for, and what an account does that makes it ask.
BAD = {"dials": [{"dial": "server_error", "status": 404, "after": 1, "times": -1}]}
WORKER_STATEMENTS = {"claim": {}, "begin": {}, "fence": {}, "copy": {}, "keep": {}, "advance": {}, "sweep": {}, "finish": {},
                     "commit": {}, "settle": {}, "beat": {}, "clear_outbox": {}, "fail": BAD}
PRODUCER_STATEMENTS = ["syncs_accept", "intake_accept", "syncs_cancel", "key_find", "clock_dispatch", "clock_again", "clock_due",
                       "clock_outbox", "clock_reap", "clear_outbox"]


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_worker_whose_statement_was_never_answered(fleet, when):
    """The line breaks at each kind of statement: undone in one case, done and unanswered in the other, COMMIT among them."""
    fleet.send_events_again_after(300)
    fleet.start_producer(**PRODUCER_SOON)
    with PostgresProxy(fleet.postgres) as proxy:
        worker = fleet.start_worker(database__url=proxy.url(fleet.database), worker__slots=2, slice__pages=1, **WORKER_SOON)
        for statement, settings in WORKER_STATEMENTS.items():
            name = f"{statement}-{when}"
            connection = fleet.connection(name, records={"contacts": 330, "matters": 130, "tasks": 10}, latency_ms=40, **settings)
            changes_only = statement == "finish"  # walks of everything end in their sweep
            if changes_only:
                assert_faithful(fleet, [fleet.sync(connection, mode="full")])
            proxy.cut(statement, when)
            sync = fleet.sync(connection, mode="incremental" if changes_only else "full")
            fleet.wait_until(lambda: proxy.has_cut(statement, when), what=f"a cut {when} {statement}")
            assert_faithful(fleet, [sync])
            assert fleet.value("select sum(takeovers) from sync_tasks") == 0, "the worker was alive all the time"
        fleet.wait_for_rest()
        assert_faithful(fleet, fleet.syncs())
        assert worker.stop() == 0


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_quarantined_record_whose_statement_was_never_answered_is_kept_once(fleet, when):
    fleet.start_producer(**PRODUCER_SOON)
    with PostgresProxy(fleet.postgres) as proxy:
        fleet.start_worker(database__url=proxy.url(fleet.database), **WORKER_SOON)
        connection = fleet.connection("acct", records={"contacts": 330}, dials=[{"dial": "null_id", "times": 1}])
        proxy.cut("quarantine", when)
        sync = fleet.sync(connection, ["contacts"], "full")
        assert fleet.wait_for_sync(sync)["state"] == "completed" and proxy.has_cut("quarantine", when)
    (task,) = fleet.tasks(sync)
    assert (task["records_inserted"], task["records_quarantined"]) == (329, 1)
    assert fleet.value("select count(*) from dead_records") == 1 and len(fleet.rows(connection.id, "practicepanther", "contacts")) == 329


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_producer_whose_statement_was_never_answered(fleet, when):
    fleet.send_events_again_after(300)
    fleet.start_worker(**WORKER_SOON)
    with PostgresProxy(fleet.postgres) as proxy:
        fleet.start_producer(database__url=proxy.url(fleet.database), **PRODUCER_SOON)
        events = 0
        for statement in PRODUCER_STATEMENTS:
            name = f"{statement}-{when}"
            connection = fleet.connection(name, records={"contacts": 130, "matters": 30, "tasks": 0})
            unwanted = fleet.connection(f"{name}-unwanted", records={"contacts": 500}, latency_ms=500)
            proxy.cut(statement, when)
            fleet.request_by_kafka(connection, ["contacts"], "full")
            events += 1
            wanted = ask(fleet, "/v1/syncs", {"provider": "practicepanther", "connection_id": connection.id, "resources": ["matters"],
                                              "mode": "full"})
            cancelled = ask(fleet, "/v1/syncs", {"provider": "practicepanther", "connection_id": unwanted.id, "mode": "full"})
            ask(fleet, f"/v1/syncs/{cancelled}/cancel")
            fleet.wait_until(lambda: proxy.has_cut(statement, when), what=f"a cut {when} {statement}")
            fleet.wait_until(lambda: fleet.value("select count(*) from syncs where source = 'kafka'") == events, what="the request")
            fleet.wait_until(lambda: fleet.value("select count(*) from syncs where ended_at is null") == 0, what="the end")
            assert {wanted, cancelled} <= set(fleet.syncs())
            fleet.wait_for_rest()
        assert_faithful(fleet, fleet.syncs())
        assert fleet.value("select count(*) from syncs where state = 'cancelled'") >= len(PRODUCER_STATEMENTS)


def ask(fleet, path, body=None):
    """As a client that asks again while the service says that the database is away, with a key that no process knows yet."""
    key = fleet.ctl.key(fleet.tenant.name)
    answer = fleet.wait_until(lambda: served(fleet.api("POST", path, body, key=key)), what="an answer")
    return answer.body["sync_id"]


def served(answer):
    assert answer.status in (202, 503), answer
    return answer if answer.status == 202 else None


# --- the clock ---

def test_dispatch_whose_message_was_lost_is_repeated(fleet):
    """The row says that a message is under way, and there is none. A task in its fortieth slice waits no longer for it than a
    new one does."""
    fleet.start_producer(**PRODUCER_SOON)
    connection = fleet.connection("acct", records={"contacts": 120})
    sync = str(uuid.uuid4())
    fleet.sql("select * from accept_sync(%s, %s, 'http', null, %s, 'practicepanther', %s, 'full', null, true)",
              sync, connection.tenant.id, connection.id, ["contacts"])
    fleet.sql("update sync_tasks set dispatch = 40, due_at = now()")
    fleet.wait_until(lambda: len(fleet.messages(TASKS_TOPIC)) >= 3, what="three repeated messages")
    fleet.start_worker(**WORKER_SOON)
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert [json.loads(message.value)["dispatch"] for message in fleet.messages(TASKS_TOPIC)] == list(range(41, task["dispatch"] + 1))


# --- cancelling, joining, following up ---

def test_cancel_in_the_middle_of_a_running_task(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(**WORKER_SOON)
    connection = fleet.connection("acct", records={"contacts": 5000}, latency_ms=40)
    sync = fleet.sync(connection, ["contacts"], "full")
    wait_for_pages(fleet, connection, 3)
    assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    assert fleet.wait_for_sync(sync)["state"] == "cancelled"
    events = assert_faithful(fleet, [sync])
    assert sorted(event["event_type"] for event in events) == ["sync.cancelled", "task.cancelled"]
    fleet.wait_until(lambda: worker.events("task_lost"), what="the worker to drop it")
    (task,) = fleet.tasks(sync)
    rows = fleet.rows(connection.id, "practicepanther", "contacts")
    assert len(rows) == task["records_inserted"] == 100 * task["page"] < 5000
    again = fleet.sync(connection, ["contacts"], "full")
    fleet.simulator.account("acct", latency_ms=0)
    assert_faithful(fleet, [again])


def test_request_joins_unclaimed_work_and_follows_up_on_running_work(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    connection = fleet.connection("acct", records={"contacts": 1200}, latency_ms=40)
    joined = [fleet.sync(connection, ["contacts"], "full") for _ in range(2)]
    assert len(fleet.tasks(*joined)) == 1
    fleet.start_worker(**WORKER_SOON)
    wait_for_pages(fleet, connection, 2)
    followers = [fleet.sync(connection, ["contacts"], mode) for mode in ("incremental", "full", "incremental")]
    assert len(fleet.tasks(*followers)) == 1, "one follow-up run, however many ask"
    fleet.simulator.account("acct", latency_ms=0)
    assert_faithful(fleet, joined + followers)
    (first,), (second,) = fleet.tasks(*joined), fleet.tasks(*followers)
    assert (first["records_inserted"], second["mode"], second["records_unchanged"]) == (1200, "full", 1200)
    assert second["started_at"] >= first["ended_at"]


def test_cancelling_one_of_two_that_share_a_task_leaves_it_to_the_other(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    connection = fleet.connection("acct", records={"contacts": 730}, latency_ms=20)
    one, two = (fleet.sync(connection, ["contacts"], "full") for _ in range(2))
    fleet.start_worker(**WORKER_SOON)
    wait_for_pages(fleet, connection, 2)
    assert fleet.api("POST", f"/v1/syncs/{one}/cancel").status == 202
    assert fleet.wait_for_sync(one)["state"] == "cancelled"
    assert fleet.wait_for_sync(two)["state"] == "completed"
    assert_faithful(fleet, [two])


def test_cancel_that_meets_a_joining_request_does_not_take_its_task(fleet):
    """The other request has joined the task, but not committed yet, when the first one's sync is cancelled."""
    fleet.start_producer(**PRODUCER_SOON)
    connection = fleet.connection("acct", records={"contacts": 230})
    first, second = fleet.sync(connection, ["contacts"], "full"), str(uuid.uuid4())
    joining = fleet.another_session()
    joining.autocommit = False
    with joining.cursor() as cursor:
        cursor.execute("select status from accept_sync(%s, %s, 'http', null, %s, 'practicepanther', %s, 'full', null, false)",
                       [second, connection.tenant.id, connection.id, ["contacts"]])
        assert cursor.fetchone()["status"] == 202
        answers = []
        cancel = threading.Thread(target=lambda: answers.append(fleet.api("POST", f"/v1/syncs/{first}/cancel")))
        cancel.start()
        fleet.wait_until(lambda: answers or fleet.waits_for_lock("sync-producer write"), what="the cancel to meet it")
    joining.commit()
    joining.close()
    cancel.join(20)
    assert answers and answers[0].status == 202
    fleet.start_worker(**WORKER_SOON)
    assert fleet.wait_for_sync(second)["state"] == "completed"
    assert fleet.wait_for_sync(first)["state"] == "cancelled"
    assert_faithful(fleet, [second])


def test_cancelled_and_asked_for_again_while_its_pages_wait_for_the_database(fleet):
    """The old run's page and the new run's page lie before the same table at the same time."""
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(**WORKER_SOON)
    connection = fleet.connection("acct", records={"contacts": 60})
    blockers = accounts(fleet, 10, "blocker", records={"contacts": 60})
    fleet.simulator.dial("acct", "latency", ms=300, times=1)
    lock = fleet.another_session()
    lock.autocommit = False
    with lock.cursor() as cursor:
        cursor.execute("lock table practicepanther_contacts in share mode")
        blocked = [fleet.sync(blocker, ["contacts"], "full") for blocker in blockers]
        fleet.wait_until(lambda: fleet.value("select count(*) from pg_locks where not granted") >= 2, what="both lanes to wait")
        first = fleet.sync(connection, ["contacts"], "full")
        fleet.wait_until(lambda: len(requested(fleet, "acct")) >= 1, what="the first run's page")
        assert fleet.api("POST", f"/v1/syncs/{first}/cancel").status == 202
        second = fleet.sync(connection, ["contacts"], "full")
        fleet.wait_until(lambda: len(requested(fleet, "acct")) >= 3, what="the second run's page")
    lock.commit()
    lock.close()
    assert fleet.wait_for_sync(second)["state"] == "completed"
    assert_faithful(fleet, [second, *blocked])
    assert fleet.wait_for_sync(first)["state"] == "cancelled"
    assert worker.stop() == 0


# --- everything at once ---

TROUBLES = [{"dial": "server_error"}, {"dial": "cut"}, {"dial": "broken_json"}, {"dial": "throttle", "retry_after": 1},
            {"dial": "expire_token"}, {"dial": "latency", "ms": 400}, {"dial": "server_error", "status": 404}]


def test_storm_of_requests_cancels_troubles_and_deaths(fleet, dice):
    """Two producers, three workers, accounts that misbehave, clients that ask and cancel, and now and then a kill or a freeze."""
    fleet.send_events_again_after(300)
    fleet.topics.widen(TASKS_TOPIC, 8)
    producers = [fleet.start_producer(**PRODUCER_SOON) for _ in range(2)]
    settings = {"worker__slots": 8, "slice__pages": 2, **WORKER_SOON}
    workers = [fleet.start_worker(**settings) for _ in range(3)]
    connections = accounts(fleet, 30, records={"contacts": 330, "matters": 130, "tasks": 20}, latency_ms=20)
    syncs, events = [], 0
    with ResultWatch(fleet) as watch:
        for _ in range(300 * SCALE):
            connection, luck = dice.choice(connections), dice.random()
            resources = dice.sample(["contacts", "matters", "tasks"], dice.randint(1, 3))
            if luck < 0.45:
                syncs.append(ask(fleet, "/v1/syncs", {"provider": "practicepanther", "connection_id": connection.id,
                                                      "resources": resources, "mode": dice.choice(["full", "incremental"])}))
            elif luck < 0.60:
                fleet.request_by_kafka(connection, resources, "full")
                events += 1
            elif luck < 0.80 and syncs:
                answer = fleet.wait_until(lambda: cancelled(fleet, dice.choice(syncs[-10:])), what="an answer")
                assert answer.status in (202, 409), answer
            elif luck < 0.90:
                fleet.simulator.dial(connection.account, **{"after": dice.randint(0, 4), **dice.choice(TROUBLES)})
            elif luck < 0.93:
                worker = dice.choice(workers)
                worker.kill()
                workers[workers.index(worker)] = fleet.restart(worker)
            elif luck < 0.95:
                worker = dice.choice(workers)
                worker.thaw() if dice.random() < 0.5 else worker.freeze()
            elif luck < 0.97:
                producer = dice.choice(producers)
                producer.kill()
                producers[producers.index(producer)] = fleet.start_producer(**PRODUCER_SOON)
        for worker in workers:
            worker.thaw()
        fleet.wait_until(lambda: fleet.value("select count(*) from syncs where source = 'kafka'") == events, 60, "the requests")
        fleet.wait_for_rest(120)
        assert set(syncs) <= set(fleet.syncs())
        assert_faithful(fleet, fleet.syncs())
    assert not watch.early
    assert fleet.value("select count(*) from syncs where state = 'completed'") > 0


def cancelled(fleet, sync):
    answer = fleet.api("POST", f"/v1/syncs/{sync}/cancel")
    return None if answer.status == 503 else answer
