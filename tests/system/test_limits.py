# SPDX-License-Identifier: Apache-2.0
"""One budget per limit of a provider in the whole fleet: what the provider counts never passes it, and little of it is lost."""
import time

import pytest

from harness.faithful import assert_faithful
from harness.fleet import PRODUCER_SOON, WORKER_SOON
from harness.letters import declarations

APP_RATE = 'limits = ( { name = "calls"; kind = "rate"; scope = ["app"]; count = 10; } );'


def limited(folder, text, **edits):
    """The declarations, PracticePanther's with these limits."""
    def change(name, declared):
        for old, new in edits.get("replace", {}).items():
            declared = declared.replace(old, new)
        return declared.replace("\nheaders = (", f"\n{text}\nheaders = (") if name == "practicepanther" else declared
    return declarations(folder, change)


def start(fleet, tmp_path, text, workers, **settings):
    folder = limited(tmp_path / "providers", text)
    if workers > 1:
        fleet.topics.widen("sync.tasks.practicepanther", 4 * workers)
    fleet.start_producer(workers__dead_after_ms=10000)
    patient = {"heartbeat__stop_after_ms": 5000, "heartbeat__interval_ms": 500, "providers__dir": folder}
    started = [fleet.start_worker(**patient, **settings) for _ in range(workers)]
    fleet.wait_until(lambda: all(fleet.admin(worker, "/readyz").status == 200 for worker in started), 60, "a part for everybody")
    return started


def many(fleet, count, contacts=250):
    fleet.simulator.accounts("acct-", count, records={"contacts": contacts, "matters": 0, "tasks": 0})
    return fleet.tenant.connections([f"acct-{n}" for n in range(count)])


def calls(fleet):
    return [entry for entry in fleet.simulator.log() if entry["path"].startswith("/api/")]


def metric(fleet, worker, name, limit="calls"):
    text = fleet.admin(worker, "/metrics").body
    found = [line for line in text.splitlines() if line.startswith(f"syncfleet_{name}") and f'limit="{limit}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def rate_of(log):
    """Calls a second while there is work for everybody: the last tenth is left out."""
    busy = log[:len(log) * 9 // 10]
    return (len(busy) - 1) * 1000 / (busy[-1]["ms"] - busy[0]["ms"])


def test_eight_workers_share_ten_calls_a_second(fleet, tmp_path):
    workers = start(fleet, tmp_path, APP_RATE, 8)
    connections = many(fleet, 40)
    fleet.simulator.limit({"name": "seen", "kind": "rate", "count": 10, "enforce": False})
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=90)
    log, seen = calls(fleet), fleet.simulator.limits()["seen"]
    discarded = sum(metric(fleet, worker, "limit_starts_discarded_total") for worker in workers)
    leases = [metric(fleet, worker, "limit_leases_total") for worker in workers]
    print(f"{rate_of(log):.2f} calls a second, at most {seen['most']}; {discarded:.0f} starts discarded, leases {leases}")
    assert seen["most"] <= 10 and len(log) == 40 * 4
    assert rate_of(log) >= 9
    assert min(leases) > 0 and sum(leases) < len(log)


def seen_by(fleet, count=10, **more):
    fleet.simulator.limit({"name": "seen", "kind": "rate", "count": count, "enforce": False, **more})


def test_a_frozen_worker_does_not_burst_when_it_thaws(fleet, tmp_path):
    workers = start(fleet, tmp_path, APP_RATE, 2)
    connections = many(fleet, 16)
    seen_by(fleet)
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    fleet.wait_until(lambda: len(calls(fleet)) > 10, what="calls")
    for _ in range(3):
        workers[0].freeze()
        time.sleep(0.7)  # the leases that it holds are over, and it is not missed yet
        workers[0].thaw()
        time.sleep(0.5)
    assert_faithful(fleet, syncs, timeout=90)
    assert fleet.simulator.limits()["seen"]["most"] <= 10
    assert metric(fleet, workers[0], "limit_starts_discarded_total") > 0


APP_PERMITS = 'limits = ( { name = "parallel"; kind = "concurrency"; scope = ["app"]; count = 5; } );'
SHORT_CALLS = {'records = "";': 'records = ""; timeout_s = 2;'}


def test_never_more_at_once_than_allowed_and_everybody_has_a_turn(fleet, tmp_path):
    start(fleet, tmp_path, APP_PERMITS, 8)
    connections = many(fleet, 24, contacts=500)
    for n in range(24):
        fleet.simulator.account(f"acct-{n}", latency_ms=100)
    fleet.simulator.limit({"name": "seen", "kind": "concurrency", "count": 5})
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=90)
    seen, log = fleet.simulator.limits()["seen"], calls(fleet)
    took = (log[-1]["ms"] - log[0]["ms"]) / 1000
    print(f"{len(log)} calls in {took:.1f} s of at least {len(log) * 0.1 / 5:.1f}")
    assert seen["most_at_once"] <= 5 and seen["refused"] == 0 and len(log) == 24 * 6
    assert took < 3 * len(log) * 0.1 / 5


def test_the_permits_of_a_dead_worker_come_back(fleet, tmp_path):
    folder = limited(tmp_path / "providers", APP_PERMITS, replace=SHORT_CALLS)
    fleet.start_producer(**PRODUCER_SOON)
    first = fleet.start_worker(providers__dir=folder, **WORKER_SOON)
    connections = many(fleet, 5)
    for n in range(5):
        fleet.simulator.dial(f"acct-{n}", "hang", times=1)
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    fleet.wait_until(lambda: sum(fleet.simulator.state(f"acct-{n}")["in_flight"] for n in range(5)) == 5, what="five calls")
    assert fleet.value("select sum(units)::int from budget_leases") == 5
    first.kill()
    killed = time.time()
    fleet.start_worker(providers__dir=folder, **WORKER_SOON)
    fleet.wait_until(lambda: fleet.value("select count(*)::int from budget_leases where wants > 0"), what="somebody who waits")
    assert_faithful(fleet, syncs, timeout=60)
    again = [entry["ms"] / 1000 - killed for entry in calls(fleet) if entry["status"] == 200]
    assert 2 < min(again) < 15, again  # not before the calls' deadline


def test_a_worker_that_ends_gives_back_what_it_has(fleet, tmp_path):
    (worker,) = start(fleet, tmp_path, 'limits = ( { name = "day"; kind = "quota"; scope = ["connection"]; count = 10000; '
                      'period_s = 86400; rolling = true; }, { name = "parallel"; kind = "concurrency"; scope = ["app"]; count = 5; } );', 1)
    (connection,) = many(fleet, 1, contacts=3000)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    worker.stop()
    assert fleet.value("select units_spent::int from limits where name = 'day'") == 31
    assert fleet.value("select sum(units)::int from budget_leases") == 0


QUOTA = 'limits = ( { name = "calls"; kind = "quota"; scope = ["connection"]; count = 6; period_s = 20; } );'


def test_a_spent_quota_parks_the_task_until_it_is_renewed(fleet, tmp_path):
    start(fleet, tmp_path, QUOTA, 1, retry__park_after_ms=500)
    connection, other = many(fleet, 2, contacts=750)
    fleet.wait_until(lambda: time.time() % 20 < 10, timeout=30, what="a period with time left")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the wait")
    answer = fleet.api("GET", f"/v1/syncs/{sync}").body
    (task,) = answer["tasks"]
    assert task["waits_for"] == "the provider's limit calls" and task["pages"] == 6
    due = fleet.value("select extract(epoch from due_at)::float8 from sync_tasks where task_id = %s", task["task_id"])
    assert 0 < due % 20 < 3 and task["waits_until"]
    assert fleet.value("select tasks_waiting::int from limits where name = 'calls'") == 1
    quick = fleet.sync(other, ["matters"], mode="full")  # another account has a budget of its own
    fleet.wait_for_sync(quick, timeout=5, state="completed")
    assert_faithful(fleet, [sync, quick], timeout=60)
    ends = [entry["ms"] / 1000 for entry in calls(fleet) if entry["account"] == connection.account]
    assert len(ends) == 9 and ends[6] // 20 > ends[5] // 20


HEADERS = ('header_remaining = "X-Left"; header_reset = "X-Renewed-In";')


def test_what_the_provider_says_is_left_is_believed(fleet, tmp_path):
    """The declaration is wrong about the account, or somebody else draws on it: nobody runs into a refusal."""
    start(fleet, tmp_path, f'limits = ( {{ name = "calls"; kind = "quota"; scope = ["connection"]; count = 1000; period_s = 3600; {HEADERS} }} );',
          1, retry__park_after_ms=500)
    (connection,) = many(fleet, 1, contacts=850)
    fleet.simulator.account("acct-0", limits=[{"name": "seen", "kind": "quota", "count": 6, "period_ms": 5000, "fixed": True,
                                               "header_remaining": "X-Left", "header_reset": "X-Renewed-In"}])
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the wait")
    (task,) = fleet.tasks(sync)
    assert task["wait_reason"] == "the provider's limit calls" and task["page"] <= 6
    assert_faithful(fleet, [sync], timeout=60)
    (seen,) = fleet.simulator.state("acct-0")["limits"]
    assert seen["calls"] >= 10 and seen["refused"] <= 1, seen


@pytest.mark.parametrize("told", ["3", None])
def test_a_refusal_holds_everybody_back(fleet, tmp_path, told):
    workers = start(fleet, tmp_path, APP_RATE, 4)
    connections = many(fleet, 20)
    fleet.simulator.dial("acct-0", "throttle", after=1, **({"retry_after": told} if told else {}))
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=60)
    log = calls(fleet)
    (refused,) = [entry["ms"] for entry in log if entry["status"] == 429]
    if told:
        later = [entry["ms"] - refused for entry in log if entry["ms"] > refused + 800]
        assert min(later) >= 2950, later[:10]
        assert sum(metric(fleet, worker, "limit_closings_total") for worker in workers) == 1
        assert any(worker.events("limit_closed") for worker in workers)


def test_a_closed_limit_can_be_opened_by_hand(fleet, tmp_path):
    start(fleet, tmp_path, APP_RATE, 1)
    first, second = many(fleet, 2)
    fleet.simulator.dial("acct-0", "throttle", times=1, retry_after="600")
    refused = fleet.sync(first, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.value("select count(*)::int from limits where closed_until > now() + interval '9 minutes'"),
                     what="the closing")
    sync = fleet.sync(second, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the wait")
    assert fleet.tasks(sync)[0]["wait_reason"] == "the provider's limit calls"
    assert fleet.value("select open_limit('practicepanther', 'calls')::int") == 1
    third = fleet.sync(second, ["matters"], mode="full")
    assert_faithful(fleet, [sync, third])
    assert fleet.tasks(refused)[0]["wait_reason"].startswith("HTTP 429")


def test_two_limits_at_once(fleet, tmp_path):
    """Ten calls a second for all, two for each account: whoever has to wait for its own limit does not hold up the others."""
    start(fleet, tmp_path, 'limits = ( { name = "calls"; kind = "rate"; scope = ["app"]; count = 10; }, '
          '{ name = "own"; kind = "rate"; scope = ["app", "connection"]; count = 2; } );', 4)
    connections = many(fleet, 10)
    seen_by(fleet)
    for n in range(10):
        fleet.simulator.account(f"acct-{n}", limits=[{"name": "own", "kind": "rate", "count": 2}])
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=60)
    log = calls(fleet)
    print(f"{rate_of(log):.2f} calls a second")
    assert fleet.simulator.limits()["seen"]["most"] <= 10 and len(log) == 40
    for n in range(10):
        (own,) = fleet.simulator.state(f"acct-{n}")["limits"]
        assert own["most"] <= 2 and own["refused"] == 0, own
    assert rate_of(log) > 7


def test_a_setting_changes_a_limit(fleet, tmp_path):
    start(fleet, tmp_path, APP_RATE, 1, providers__limits="practicepanther.calls=40")
    connections = many(fleet, 20)
    fleet.simulator.limit({"name": "seen", "kind": "rate", "count": 40})
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=60)
    seen = fleet.simulator.limits()["seen"]
    assert seen["refused"] == 0 and seen["most"] > 20


def test_without_limits_nothing_is_asked(fleet):
    fleet.start()
    (connection,) = many(fleet, 1)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    assert fleet.value("select count(*)::int from rate_budgets") == 0
