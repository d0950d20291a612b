# SPDX-License-Identifier: Apache-2.0
"""A provider that fails opens its own breaker: its tasks wait without a slot and without using up tries, few probes go out,
and everybody else goes on."""
import json

import pytest

from harness.faithful import assert_faithful
from harness.letters import dead_letters

FAILING = "provider practicepanther is failing"
SOON = {"breaker__open_ms": 800, "breaker__open_max_ms": 3000, "breaker__failures": 6}


def breaker(fleet, provider="practicepanther"):
    rows = fleet.sql("select *, open_until <= now() as half from breakers where provider = %s", provider)
    return rows[0] if rows else {"open": False, "openings": 0}


def fail(fleet, accounts, dial="server_error", **options):
    for account in accounts:
        fleet.simulator.dial(account, dial, times=-1, **options)


def connect(fleet, count, prefix="acct-", **settings):
    return fleet.tenant.connections(fleet.simulator.accounts(prefix, count, **settings))


def calls(fleet, connections):
    return sum(len(fleet.simulator.log(connection.account)) for connection in connections)


def wait_until_open(fleet, openings=1):
    return fleet.wait_until(lambda: (row := breaker(fleet))["open"] and row["openings"] >= openings and row,
                            what=f"the breaker's opening number {openings}")


@pytest.mark.parametrize("dial, options", [("server_error", {}), ("hang", {"ms": 30}), ("cut", {})])
def test_a_provider_that_fails_is_left_alone_and_others_go_on(fleet, dial, options):
    fleet.start_producer()
    for _ in range(2):
        fleet.start_worker(worker__slots=8, **SOON)
    connections = connect(fleet, 12, records={"contacts": 150})
    fail(fleet, [connection.account for connection in connections], dial, **options)
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    wait_until_open(fleet)
    fleet.wait_until(lambda: all(task["owner"] is None for task in fleet.tasks(*syncs)), what="the slots to be free")
    tasks = fleet.tasks(*syncs)
    assert {task["state"] for task in tasks} <= {"waiting", "queued", "dispatched"}
    assert all(task["attempts"] < 8 for task in tasks)
    before = calls(fleet, connections)
    assert_shown(fleet, syncs)

    bench = fleet.connection("good", provider="bench", records={"contacts": 500})
    assert_faithful(fleet, [fleet.sync(bench, ["contacts"])])

    row = wait_until_open(fleet, openings=4)  # three rounds of two probes
    assert 1 <= calls(fleet, connections) - before <= 2 * 2 * row["openings"]
    assert all(task["attempts"] < 8 and task["state"] != "failed" for task in fleet.tasks(*syncs))
    for connection in connections:
        fleet.simulator.clear_dials(connection.account)
    assert_faithful(fleet, syncs)
    assert not breaker(fleet)["open"] and not dead_letters(fleet)
    assert_told(fleet)


def assert_shown(fleet, syncs):
    """Every waiting sync says for what and until when."""
    def seen():
        bodies = [fleet.api("GET", f"/v1/syncs/{sync}").body for sync in syncs]
        return [body for body in bodies if body["waits_until"] is not None]
    shown = fleet.wait_until(seen, what="a sync that says until when it waits")
    for body in shown:
        (task,) = body["tasks"]
        assert body["waits_for"] == task["waits_for"] == FAILING and body["waits_until"] == task["waits_until"]


def assert_told(fleet):
    opened = [event for worker in fleet.workers for event in worker.events("breaker_opened")]
    closed = [event for worker in fleet.workers for event in worker.events("breaker_closed")]
    assert len(opened) >= 4 and len(closed) == 1 and {event["provider"] for event in opened} == {"practicepanther"}
    assert "connections failed, the last: " in opened[0]["reason"] and "a probe failed: " in opened[-1]["reason"]
    waits = [event["open_ms"] for event in sorted(opened, key=lambda event: event["openings"])]
    assert waits[0] <= 800 < waits[1] <= 1600 < waits[2] <= 3000 and waits[3] <= 3000  # doubling, to the cap
    for worker in fleet.workers:
        fleet.wait_until(lambda: 'syncfleet_breaker_state{provider="practicepanther"} 0' in fleet.admin(worker, "/metrics").body,
                         what="the worker to know that it is closed")
    text = "".join(fleet.admin(worker, "/metrics").body for worker in fleet.workers)
    assert 'syncfleet_breaker_openings_total{provider="practicepanther"}' in text


def test_the_trouble_of_one_account_is_its_own(fleet):
    """However many of its tasks fail, and although other accounts fail once."""
    fleet.start_producer()
    fleet.start_worker(breaker__failures=2, breaker__percent=20, breaker__connections=2, retry__max_attempts=6)
    bad = fleet.connection("bad", records={"contacts": 150, "matters": 150, "tasks": 150})
    fail(fleet, ["bad"])
    good = connect(fleet, 4, "good-", records={"contacts": 150})
    fleet.simulator.dial("good-0", "server_error")
    broken = [fleet.sync(bad, [resource]) for resource in ("contacts", "matters", "tasks")]
    syncs = [fleet.sync(connection, ["contacts"]) for connection in good]
    assert_faithful(fleet, [*broken, *syncs])
    assert {row["state"] for row in fleet.sql("select state from syncs where sync_id = any(%s::uuid[])", broken)} == {"failed"}
    assert len([entry for entry in fleet.simulator.log("bad") if entry["status"] == 500]) >= 18
    assert not fleet.sql("select provider from breakers")


def test_a_few_accounts_that_fail_among_many_are_no_failing_provider(fleet):
    fleet.start_producer()
    fleet.start_worker(breaker__failures=2, retry__base_ms=400, retry__max_attempts=3)
    bad = connect(fleet, 3, "bad-", records={"contacts": 100})
    fail(fleet, [connection.account for connection in bad])
    good = connect(fleet, 12, "good-", records={"contacts": 1000}, latency_ms=30)
    syncs = [fleet.sync(connection, ["contacts"]) for connection in good]
    fleet.wait_until(lambda: all(task["page"] for task in fleet.tasks(*syncs)), what="the many to call")
    syncs += [fleet.sync(connection, ["contacts"]) for connection in bad]
    assert_faithful(fleet, syncs)
    assert not fleet.sql("select provider from breakers")


def test_what_comes_while_a_breaker_is_open_stays_in_the_queue(fleet):
    """Nobody dispatches what nobody may call for, and probes are few however many wait."""
    fleet.start_producer()
    fleet.start_worker(breaker__open_ms=1500, breaker__open_max_ms=1500, breaker__failures=6)
    connections = connect(fleet, 40, records={"contacts": 100})
    fail(fleet, [connection.account for connection in connections])
    first = [fleet.sync(connection, ["contacts"]) for connection in connections[:8]]
    wait_until_open(fleet)
    later = [fleet.sync(connection, ["contacts"]) for connection in connections[8:]]
    row = wait_until_open(fleet, openings=3)
    assert calls(fleet, connections[8:]) <= 2 * row["openings"]
    last = later[-16:]  # the first ones may have met a producer that had not heard of it
    assert fleet.value("select sum(dispatch)::int from sync_tasks where task_id in (select task_id from sync_members "
                       "where sync_id = any(%s::uuid[]))", last) <= 2 * row["openings"]
    (shown,) = fleet.api("GET", f"/v1/syncs/{later[-1]}").body["tasks"]
    assert shown["waits_for"] == FAILING
    for connection in connections:
        fleet.simulator.clear_dials(connection.account)
    assert_faithful(fleet, [*first, *later])


CALLS = {
    # failures by connection on each worker, and its good calls: does it open?
    "many connections of two workers": ([({"a": 2, "b": 2}, 0), ({"c": 2, "d": 2}, 0)], True),
    "one of a worker alone is too few": ([({"a": 2, "b": 2}, 0), ({}, 0)], False),
    "one account, and two hiccups": ([({"a": 60, "b": 1, "c": 1}, 0)], False),
    "one account on two workers is one account": ([({"a": 30, "b": 3}, 0), ({"a": 30, "b": 3}, 0)], False),
    "half of the calls": ([({"a": 2, "b": 4, "c": 4}, 6)], True),
    "less than half of the calls": ([({"a": 2, "b": 4, "c": 4}, 7)], False),
    "a worker whose own way out is broken": ([({"a": 9, "b": 9, "c": 9}, 0), ({}, 64), ({}, 64)], False),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_opens_a_breaker(fleet, name):
    """Six failures, the worst connection's left out, of three connections, and half of the calls."""
    workers, opens = CALLS[name]
    for failed, good in workers:
        told = {"zoho": {"calls": sum(failed.values()) + good, "failed": failed}}
        fleet.sql("insert into workers (worker_id, host, pid, version, slots, free_slots, calls) "
                  "values (gen_random_uuid(), 'here', 1, '0', 1, 1, %s)", json.dumps(told))
    assert len(judge(fleet)) == opens
    assert not judge(fleet)  # once
    assert not judge(fleet, "practicepanther")


def judge(fleet, provider="zoho"):
    return fleet.sql("select * from breaker_judge(%s, interval '5 seconds', 6, 3, 50, 10000, 600000, 2, 'HTTP 500')", provider)


def test_a_breaker_that_opens_again_soon_stays_open_longer(fleet):
    def told(age):
        fleet.sql("delete from workers")
        fleet.sql("insert into workers (worker_id, host, pid, version, slots, free_slots, calls, beat_at) values (gen_random_uuid(), "
                  "'here', 1, '0', 1, 1, %s, now() - %s * interval '1 second')",
                  json.dumps({"zoho": {"calls": 9, "failed": {"a": 3, "b": 3, "c": 3}}}), age)
    told(6)
    assert not judge(fleet)  # what a worker said that is silent since
    told(0)
    waits = []
    for _ in range(3):
        (opened,) = judge(fleet)
        waits.append((opened["openings"], opened["open_ms"]))
        fleet.sql("update breakers set open = false, closed_at = now()")
        assert not judge(fleet)  # what was said before it closed is old
        told(0)
    assert waits == [(1, 10000), (2, 20000), (3, 40000)]
    fleet.sql("update breakers set closed_at = now() - interval '11 minutes'")
    (opened,) = judge(fleet)
    assert (opened["openings"], opened["open_ms"]) == (1, 10000)


def test_an_operator_lists_and_closes_breakers(fleet):
    fleet.start_producer()
    fleet.start_worker(breaker__open_ms=600000, breaker__failures=6)
    connections = connect(fleet, 4, records={"contacts": 100})
    fail(fleet, [connection.account for connection in connections])
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    wait_until_open(fleet)
    (row,) = fleet.ctl("get", "breakers")
    assert (row["provider"], row["state"], row["openings"]) == ("practicepanther", "open", 1) and "HTTP 500" in row["reason"]
    for connection in connections:
        fleet.simulator.clear_dials(connection.account)
    (row,) = fleet.ctl("breakers", "close", "practicepanther")
    assert row["closed"] is True
    assert_faithful(fleet, syncs)
    done = fleet.programs.run("syncctl", "breakers", "close", "practicepanther", settings=fleet.common)
    assert done.returncode == 4 and "is not open" in done.stderr
