# SPDX-License-Identifier: Apache-2.0
"""Stopping things and letting them go on: providers, connections, workers, and the cap on failures that stops by itself."""
import json
import signal
import uuid

import pytest

from harness.faithful import assert_faithful
from harness.fleet import WORKER_SOON
from harness.ledger import ROOT

PAUSED = "provider practicepanther is paused"


@pytest.fixture
def operator(fleet):
    """A key that may do everything."""
    return fleet.ctl.key("first", rights="read,sync,connect,admin,operate")


def order(fleet, key, path, body=None):
    answer = fleet.api("POST", path, body or {}, key=key)
    assert answer.status == 200, answer
    return answer.body


def audited(fleet, action):
    return fleet.sql("select * from audit_logs where action = %s order by audit_id", action)


def provider(fleet, name="practicepanther"):
    (found,) = [p for p in fleet.api("GET", "/v1/providers").body["providers"] if p["provider"] == name]
    return found


def waits_for(fleet, sync):
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    assert {task["waits_for"] for task in shown["tasks"]} == {shown["waits_for"]}
    return shown["waits_for"]


def workers(fleet, key):
    return fleet.api("GET", "/v1/workers", key=key).body["workers"]


def worker_of(fleet, key, process):
    """As the fleet knows it."""
    def joined():
        return next((w for w in workers(fleet, key) if w["pid"] == process.pid), None)
    return fleet.wait_until(joined, what="the worker to join")


# ---- pauses ----

def test_a_paused_provider_keeps_its_tasks_in_the_queue(fleet, operator):
    fleet.start()
    slow = fleet.connection("slow", records={"contacts": 5000}, latency_ms=40)
    running = fleet.sync(slow, ["contacts"])
    fleet.wait_until(lambda: fleet.tasks(running)[0]["page"] >= 2, what="some pages")
    said = order(fleet, operator, "/v1/providers/practicepanther/pause", {"reason": "they migrate"})
    assert (said["state"], said["reason"]) == ("paused", "they migrate")
    other = fleet.connection("other", records={"contacts": 100})
    accepted = fleet.sync(other, ["contacts", "matters"])
    fleet.wait_until(lambda: all(task["state"] == "queued" for task in fleet.tasks()), what="all to be given back")
    (task,) = fleet.tasks(running)
    assert task["page"] >= 2 and task["owner"] is None and task["error_class"] is None
    assert waits_for(fleet, running) == waits_for(fleet, accepted) == PAUSED
    assert (provider(fleet)["state"], provider(fleet)["reason"]) == ("paused", "they migrate")
    assert provider(fleet, "zoho")["state"] == "active"
    fleet.wait_until(lambda: 'syncfleet_provider_stopped{provider="practicepanther"} 1' in
                     fleet.admin(fleet.producer, "/metrics").body, what="the metric")

    bench = fleet.connection("bench", provider="bench", records={"contacts": 200})
    assert_faithful(fleet, [fleet.sync(bench, ["contacts"])])
    before = len(fleet.simulator.log())
    assert {task["state"] for task in fleet.tasks(running, accepted)} == {"queued"}
    assert len(fleet.simulator.log()) == before

    assert order(fleet, operator, "/v1/providers/practicepanther/resume")["was"] == "paused"
    assert_faithful(fleet, [running, accepted])
    assert order(fleet, operator, "/v1/providers/practicepanther/resume")["was"] is None
    assert provider(fleet)["state"] == "active"
    (row,) = audited(fleet, "PROVIDER_PAUSED")
    assert (row["tenant_id"], row["actor"], row["subject"]) == (None, "service", "practicepanther")
    assert len(audited(fleet, "PROVIDER_RESUMED")) == 1
    (stopped,) = fleet.producer.events("provider_stopped")
    assert (stopped["kind"], stopped["reason"]) == ("paused", "they migrate")


def test_what_is_dispatched_together_shares_a_partition(fleet, operator):
    """The broker is asked once for all of it, whoever it belongs to; the keys still say whose it is."""
    topic, connections = "sync.tasks.practicepanther", [fleet.connection(f"acct-{n}") for n in range(30)]
    fleet.topics.widen(topic, 8)
    fleet.start_producer()
    order(fleet, operator, "/v1/providers/practicepanther/pause", {"reason": "they migrate"})
    for connection in connections:
        fleet.sync(connection, ["contacts"])
    order(fleet, operator, "/v1/providers/practicepanther/resume")
    fleet.wait_until(lambda: len(fleet.messages(topic)) == len(connections), what="the messages")
    sent = fleet.messages(topic)
    assert {message.key for message in sent} == {f"practicepanther:{connection.id}" for connection in connections}
    assert len({message.partition for message in sent}) <= 4  # one or two; thirty keys would have pointed to all eight


def test_a_paused_connection_is_held_and_others_go_on(fleet):
    fleet.start()
    connection = fleet.connection("one", records={"contacts": 5000}, latency_ms=40)
    running = fleet.sync(connection, ["contacts"])
    fleet.wait_until(lambda: fleet.tasks(running)[0]["page"] >= 2, what="some pages")
    said = order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/pause", {"reason": "asked for"})
    assert (said["paused"], said["reason"]) == (True, "asked for")
    shown = fleet.api("GET", f"/v1/connections/{connection.id}").body["paused"]
    assert (shown["reason"], shown["by"], shown["since"]) == ("asked for", "service", said["since"])
    accepted = fleet.sync(connection, ["matters"])  # is dispatched at once, and held when it is claimed
    fleet.wait_until(lambda: all(task["state"] == "queued" and task["queued_at"] is None for task in fleet.tasks()),
                     what="all to be held")
    assert waits_for(fleet, running) == waits_for(fleet, accepted) == "the connection is paused"
    other = fleet.connection("other", records={"contacts": 100})
    assert_faithful(fleet, [fleet.sync(other, ["contacts"])])
    assert not [task for task in fleet.tasks(running, accepted) if task["state"] != "queued"]

    joined = fleet.sync(connection, ["matters"])
    said = order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/resume")
    assert said["paused"] is False and fleet.api("GET", f"/v1/connections/{connection.id}").body["paused"] is None
    assert_faithful(fleet, [running, accepted, joined])
    order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/resume")
    assert len(audited(fleet, "CONNECTION_RESUMED")) == 1
    (row,) = audited(fleet, "CONNECTION_PAUSED")
    assert (row["tenant_id"], row["subject"], row["details"]) == (fleet.tenant.id, connection.id, {"reason": "asked for"})


def test_what_is_queued_is_held_without_a_worker(fleet):
    fleet.start_producer(dispatch__slots_floor=1)
    connection = fleet.connection("one", records={})
    sync = fleet.sync(connection, ["contacts", "matters", "tasks"])  # one is dispatched, two wait
    fleet.wait_until(lambda: len([task for task in fleet.tasks(sync) if task["state"] == "queued"]) == 2, what="the queue")
    order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/pause")
    assert [task["queued_at"] for task in fleet.tasks(sync)] == [None] * 3
    assert waits_for(fleet, sync) == "the connection is paused"
    assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/resume")
    assert {task["state"] for task in fleet.tasks(sync)} == {"cancelled"}


def test_a_resume_sees_what_a_claim_holds_at_that_moment(fleet):
    """The claim has read the pause and not committed: the resume waits, and no task stays held for ever."""
    fleet.start_producer()
    connection = fleet.connection("one", records={})
    sync = fleet.sync(connection, ["contacts"])
    (task,) = fleet.wait_until(lambda: [t for t in fleet.tasks(sync) if t["state"] == "dispatched"], what="the dispatch")
    order(fleet, fleet.tenant.key, f"/v1/connections/{connection.id}/pause")
    claimer, resumer = fleet.another_session(), fleet.another_session()
    claimer.autocommit = False
    statement = (ROOT / "worker/sql/claim.sql").read_text().replace("%", "%%")
    with claimer.cursor() as cursor, resumer.cursor() as other:
        cursor.execute(f"prepare claim as {statement}")
        cursor.execute("execute claim (%s::uuid[], %s, %s, 1)", ([task["task_id"]], [task["dispatch"]], str(uuid.uuid4())))
        assert cursor.fetchall() == []
        other.execute("set lock_timeout = '300ms'")
        with pytest.raises(Exception, match="lock timeout"):
            other.execute("select resume_connection(%s, 'test')", (connection.id,))
        claimer.commit()
        (held,) = fleet.tasks(sync)
        assert (held["state"], held["queued_at"], held["epoch"]) == ("queued", None, 0)
        other.execute("select resume_connection(%s, 'test')", (connection.id,))
    claimer.close()
    resumer.close()
    fleet.start_worker()
    fleet.wait_for_sync(sync, state="completed")


def test_only_who_may_can_stop_something(fleet, operator):
    fleet.start_producer()
    mine = fleet.connection("one", records={})
    other = fleet.new_tenant("other")
    for path, key in (("/v1/providers/zoho/pause", fleet.tenant.key), ("/v1/providers/zoho/resume", fleet.tenant.key),
                      (f"/v1/workers/{uuid.uuid4()}/drain", fleet.tenant.key), ("/v1/breakers/zoho/close", fleet.tenant.key),
                      (f"/v1/connections/{mine.id}/pause", fleet.ctl.key("first", rights="read,sync"))):
        refused = fleet.api("POST", path, {}, key=key)
        assert (refused.status, refused.body["code"]) == (403, "missing_right"), path
    for path in ("/v1/workers", "/v1/breakers"):
        assert fleet.api("GET", path).status == 403
    for verb in ("pause", "resume"):
        for id, key in ((mine.id, other.key), (str(uuid.uuid4()), fleet.tenant.key)):
            refused = fleet.api("POST", f"/v1/connections/{id}/{verb}", {}, key=key)
            assert (refused.status, refused.body["code"]) == (404, "unknown_connection")
    assert fleet.api("POST", "/v1/providers/nobody/pause", {}, key=operator).status == 422
    assert fleet.api("POST", f"/v1/workers/{uuid.uuid4()}/drain", {}, key=operator).body["code"] == "unknown_worker"
    assert not fleet.sql("select * from audit_logs")


# ---- workers ----

def test_a_drained_worker_gives_everything_to_the_others(fleet, operator):
    """Nothing waits for the clock to repeat a message."""
    fleet.start_producer(dispatch__retry_ms=120000)
    drained = fleet.start_worker(worker__slots=8, **WORKER_SOON)
    one = worker_of(fleet, operator, drained)["worker_id"]
    connections = fleet.tenant.connections(fleet.simulator.accounts("acct-", 12, records={"contacts": 3000}, latency_ms=20))
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    fleet.wait_until(lambda: len([t for t in fleet.tasks(*syncs) if t["owner"] == one]) == 8, what="the slots to be taken")
    other = fleet.start_worker(worker__slots=8, **WORKER_SOON)
    two = worker_of(fleet, operator, other)["worker_id"]
    said = order(fleet, operator, f"/v1/workers/{one}/drain", {"reason": "its host is patched"})
    assert said["state"] in ("draining", "drained") and said["reason"] == "its host is patched"
    fleet.wait_until(lambda: worker_of(fleet, operator, drained)["state"] == "drained", what="the worker to be drained")
    later = [fleet.sync(connection, ["matters"]) for connection in connections]
    assert_faithful(fleet, [*syncs, *later])
    assert not drained.events("undrained") and drained.running
    assert worker_of(fleet, operator, drained)["tasks"] == 0 and worker_of(fleet, operator, other)["state"] == "active"
    assert "drained" in fleet.admin(drained, "/readyz").body

    assert order(fleet, operator, f"/v1/workers/{one}/undrain")["state"] == "active"
    fleet.wait_until(lambda: fleet.admin(drained, "/readyz").status == 200, what="partitions to come back")
    order(fleet, operator, f"/v1/workers/{two}/drain")
    again = [fleet.sync(connection, ["contacts"]) for connection in connections]
    assert_faithful(fleet, again)
    assert other.stop() == 0  # a drained worker ends as any other
    assert [w["worker_id"] for w in workers(fleet, operator)] == [one]
    assert len(audited(fleet, "WORKER_DRAINED")) == 2 and len(audited(fleet, "WORKER_UNDRAINED")) == 1


# ---- the failure cap ----

def test_a_bad_deployment_does_not_empty_the_queue_into_the_dead_letters(fleet, operator):
    """A column is renamed under the fleet: some twenty tasks fail and what was under way, and the others wait until it is mended."""
    slots = 16
    fleet.start_producer(cap__probe_ms=700)
    fleet.start_worker(worker__slots=slots)
    connections = fleet.tenant.connections(fleet.simulator.accounts("acct-", 500, records={"contacts": 3}))
    fleet.sql("alter table practicepanther_contacts rename column content_hash to other")
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    fleet.wait_until(lambda: provider(fleet)["state"] == "capped", what="the cap")
    fleet.wait_until(lambda: not [task for task in fleet.tasks() if task["state"] in ("running", "dispatched")],
                     what="all to be given back")
    failed = fleet.value("select count(*) from dead_letters")
    flight = 2 * slots  # running, and half as many on their way
    assert 20 <= failed <= 20 + flight
    (waiting,) = fleet.sql("select sync_id from syncs where ended_at is null order by sync_id desc limit 1")
    assert waits_for(fleet, waiting["sync_id"]).startswith("provider practicepanther is stopped: ")
    assert "tasks failed" in provider(fleet)["reason"] and provider(fleet)["until"]
    assert 'syncfleet_provider_stopped{provider="practicepanther"} 2' in fleet.admin(fleet.producer, "/metrics").body
    (stopped,) = fleet.producer.events("provider_stopped")
    assert (stopped["kind"], stopped["provider"]) == ("capped", "practicepanther")
    bench = fleet.connection("bench", provider="bench", records={"contacts": 200})
    assert_faithful(fleet, [fleet.sync(bench, ["contacts"])])

    rounds = fleet.wait_until(lambda: fleet.value("select rounds from provider_stops where rounds >= 1"), what="probes that fail")
    assert fleet.value("select count(*) from dead_letters") <= 20 + flight + 2 * (rounds + 1)
    fleet.sql("alter table practicepanther_contacts rename column other to content_hash")
    fleet.wait_until(lambda: provider(fleet)["state"] == "active", what="a probe to open it")
    for sync in syncs:
        fleet.wait_for_sync(sync)
    failed = fleet.value("select count(*) from dead_letters")
    answer = fleet.api("POST", "/v1/dead-letters/replay", {"provider": "practicepanther"})
    assert answer.body["replayed"] == failed
    for sync in answer.body["syncs"]:
        fleet.wait_for_sync(sync["sync_id"], state="completed")
    assert fleet.value("select count(*) from practicepanther_contacts") == 1500
    fleet.wait_until(lambda: fleet.value("select sum(tasks) from task_ends where not dead and provider = 'practicepanther'") >= 400,
                     what="the workers to tell what was completed")
    assert [row["action"] for row in fleet.sql("select action from audit_logs where subject = 'practicepanther' "
                                               "order by audit_id")] == ["PROVIDER_CAPPED", "PROVIDER_RESUMED"]


ENDS = {
    # dead letters and completed tasks, and how long ago; is it stopped?
    "too few": ([(19, 0, 0)], False),
    "all of twenty": ([(20, 0, 0)], True),
    "half": ([(20, 20, 0)], True),
    "less than half": ([(20, 21, 0)], False),
    "the others were completed elsewhere": ([(30, 0, 0), (0, 40, 20)], False),
    "what was long ago": ([(30, 0, 400)], False),
    "old successes do not help": ([(30, 0, 0), (0, 1000, 400)], True),
}


@pytest.mark.parametrize("name", ENDS)
def test_what_the_cap_counts(fleet, name):
    ends, stops = ENDS[name]
    for dead, completed, age in ends:
        fleet.sql("insert into task_ends values (true, task_ends_slot(now() - %s * interval '1 second'), 'zoho', %s), "
                  "(false, task_ends_slot(now() - %s * interval '1 second'), 'zoho', %s)", age, dead, age, completed)
    judge = "select * from judge_failures(%s, 20, interval '300 seconds', interval '1 minute')"
    assert not fleet.sql(judge, 0)  # switched off
    assert len(fleet.sql(judge, 50)) == len(fleet.sql(judge, 50)) == stops
    assert len(audited(fleet, "PROVIDER_CAPPED")) == stops
    if stops:
        fleet.sql("select resume_provider('zoho', 'test')")
        assert not fleet.sql(judge, 50)  # what failed before is no reason to stop again


# ---- breakers ----

def test_breakers_are_listed_and_closed_over_http(fleet, operator):
    fleet.start_producer()
    assert fleet.api("GET", "/v1/breakers", key=operator).body == {"breakers": []}
    fleet.sql("insert into workers (worker_id, host, pid, version, slots, free_slots, calls) values "
              "(gen_random_uuid(), 'here', 1, '0', 1, 1, %s)",
              json.dumps({"zoho": {"calls": 9, "failed": {"a": 3, "b": 3, "c": 3}}}))
    fleet.sql("select * from breaker_judge('zoho', interval '5 seconds', 6, 3, 50, 600000, 600000, 2, 'HTTP 500')")
    (breaker,) = fleet.api("GET", "/v1/breakers", key=operator).body["breakers"]
    assert (breaker["state"], breaker["openings"]) == ("open", 1) and "HTTP 500" in breaker["reason"]
    shown = provider(fleet, "zoho")
    assert (shown["state"], shown["reason"]) == ("failing", "provider zoho is failing") and shown["until"]
    assert order(fleet, operator, "/v1/breakers/zoho/close") == {"provider": "zoho", "closed": True}
    assert order(fleet, operator, "/v1/breakers/zoho/close") == {"provider": "zoho", "closed": False}
    assert provider(fleet, "zoho")["state"] == "active"
    assert [row["subject"] for row in audited(fleet, "BREAKER_CLOSED")] == ["zoho"]


def test_the_workers_of_the_fleet(fleet, operator):
    fleet.start(workers=1)
    shown = worker_of(fleet, operator, fleet.workers[0])
    assert (shown["state"], shown["slots"], shown["free_slots"], shown["tasks"]) == ("active", 256, 256, 0)
    fleet.workers[0].signal(signal.SIGSTOP)
    fleet.sql("update workers set beat_at = now() - interval '6 seconds'")
    silent = [w["state"] for w in workers(fleet, operator)]
    fleet.workers[0].signal(signal.SIGCONT)
    assert silent in (["silent"], [])
