# SPDX-License-Identifier: Apache-2.0
"""Each way in which a provider misbehaves, at every simulated provider: the sync ends with the right rows, or fails with
the right class, reason and dead letter, and nothing else suffers."""
from collections import Counter

import pytest

from harness import dials
from harness.dials import CASES, LEFT_OUT, PLAYED, PROVIDERS
from harness.faithful import assert_faithful, canonical, quarantined
from harness.fleet import Fleet
from harness.letters import assert_dead_letter, dead_letters, declarations

TIMEOUT_S = 3
SETTINGS = {"http__body_max_bytes": dials.BODY_MAX, "pages__budget_bytes": 256 << 20, "retry__max_attempts": dials.TRIES,
            "refresh__lease_ms": 4000, "breaker__failures": 1000000}  # one fleet: the breakers have tests of their own


class Play(dials.Stage):
    """All cases at all providers, at once in one fleet: an account for each, with its dials."""

    def __init__(self, fleet, folder):
        super().__init__(fleet, folder, TIMEOUT_S)
        fleet.start_producer(providers__dir=self.declared)
        fleet.start_worker(providers__dir=self.declared, **SETTINGS)
        self.accounts = {me: f"{me[1]}-{number}" for number, me in enumerate(PLAYED)}
        self.connections, self.syncs = {}, {}
        for provider in PROVIDERS:
            mine = [me for me in PLAYED if me[1] == provider]
            self.connections.update(zip(mine, self.connect(provider, [self.accounts[me] for me in mine])))
        for name, provider in PLAYED:
            self.begin((name, provider), CASES[name].at(provider))

    def begin(self, me, case):
        for each in case.dials:
            self.fleet.simulator.dial(self.accounts[me], **dials.asked(each))
        self.syncs[me] = self.sync(self.connections[me], me[1])

    def task(self, me):
        self.fleet.wait_for_sync(self.syncs[me], 90)
        (task,) = self.fleet.tasks(self.syncs[me])
        return task

    def another(self, provider, account, **settings):
        """A connection for a further story."""
        return self.connect(provider, [account], **settings)[0]


@pytest.fixture(scope="module")
def play(request, kafka, postgres, template, ledger, tmp_path_factory):
    logs = tmp_path_factory.mktemp("dials")
    fleet = Fleet("dials", postgres, kafka, ledger, logs)
    yield Play(fleet, tmp_path_factory.mktemp("declared"))
    fleet.close()


def test_every_case_is_played_or_left_out_for_a_reason():
    assert set(PLAYED) | set(LEFT_OUT) == {(name, provider) for name in CASES for provider in PROVIDERS}
    assert all(reason and name in CASES and provider in PROVIDERS for (name, provider), reason in LEFT_OUT.items())


def test_every_dial_has_a_case(play):
    used = {each["dial"] for case in CASES.values() for own in ({}, *case.by.values())
            for each in own.get("dials", case.dials)}
    elsewhere = {"change", "vanished_rows", "missing_parts"}  # the first below, those of batches in test_google_walks
    assert {kind["dial"] for kind in dials_of(play)} - used == elsewhere


def dials_of(play):
    answer = play.fleet.http("GET", f"{play.fleet.simulator.url}/control/dials")
    return answer.body


@pytest.mark.parametrize("name,provider", PLAYED, ids=[f"{provider}: {name}" for name, provider in PLAYED])
def test_dial(play, name, provider):
    me, case = (name, provider), CASES[name].at(provider)
    task = play.task(me)
    print(*play.fleet.simulator.log(play.accounts[me]), sep="\n")  # pytest shows it when this fails
    assert (task["state"], task["error_class"]) == (case.state, case.error_class), task
    assert met(play, me) or not case.dials
    if case.state == "completed":
        assert_right_rows(play, me, case, task)
    else:
        assert_right_verdict(play, me, case, task)
    if case.waits_ms:
        assert_waited(play, me, case)


def met(play, me):
    """Requests that a dial hit."""
    return [entry for entry in play.fleet.simulator.log(play.accounts[me]) if entry["dials"]]


def assert_right_rows(play, me, case, task):
    calm, served, rows = play.task(("nothing", me[1])), play.served(play.accounts[me], me[1]), play.rows(play.connections[me], me[1])
    assert (task["attempts"], task["records_quarantined"]) == (0, case.quarantined), task
    assert task["records_inserted"] == len(served) - case.quarantined - case.missed == len(rows)
    if "more records" not in me[0]:
        assert task["records_unchanged"] + task["records_updated"] == case.again
        assert task["page"] == calm["page"] + case.pages
    key = "sku" if me[1] == "acme" else "id"
    bad = quarantined(play.fleet, task)
    want = {row[key] for row in served}
    assert {row["id"] for row in rows} <= want and len(bad) <= case.quarantined
    if "payload" in calm_row(rows) and not case.altered:
        stored = Counter(canonical(row["payload"]) for row in rows)
        assert not stored - Counter(map(canonical, served))
    assert task["task_id"] not in dead_letters(play.fleet, me[1])


def calm_row(rows):
    return rows[0] if rows else {}


def assert_right_verdict(play, me, case, task):
    assert case.reason in task["error_message"], task
    if case.tries:
        assert_dead_letter(play.fleet, task, case.tries)
    (end,) = [event for event in play.fleet.wait_for_events([play.syncs[me]]) if event["sync_id"] == play.syncs[me]]
    assert (end["event_type"], end["error_class"]) == ("sync.failed", case.error_class) and case.reason in end["error_message"]
    assert len(play.rows(play.connections[me], me[1])) == task["records_inserted"] <= PROVIDERS[me[1]].records


def assert_waited(play, me, case):
    """No call came earlier after a refusal than the provider had asked for."""
    log = play.fleet.simulator.log(play.accounts[me])
    for entry in met(play, me):
        after = next(later for later in log if later["seq"] > entry["seq"])
        assert after["ms"] - entry["ms"] >= case.waits_ms

@pytest.mark.parametrize("provider", PROVIDERS)
def test_records_change_and_come_during_the_walk(play, provider):
    account = f"{provider}-changing"
    connection = play.another(provider, account, dials=[dials.dial("change", after=1, added=7, changed=10)])
    play.completed(connection, provider)
    play.completed(connection, provider, "incremental")
    assert play.differs(connection, account, provider) == (set(), set())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_records_go_during_the_walk(play, provider):
    """By offset those that move up are missed by this walk and found by the next. None is thought deleted that is not."""
    account = f"{provider}-going"
    connection = play.another(provider, account)
    whole = dials.ids(play.served(account, provider))
    play.fleet.simulator.dial(account, "change", after=1, removed=5)
    play.completed(connection, provider)
    play.completed(connection, provider)
    there, stored = dials.ids(play.served(account, provider)), dials.ids(play.rows(connection, provider))
    assert len(whole - there) == 5 and there <= stored <= whole
    if provider == "zoho":  # whose feed tells
        assert stored == there


@pytest.mark.parametrize("skew", [-7200, 7200], ids=["behind", "ahead"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_clock_that_is_off(play, provider, skew):
    account = f"{provider}-clock{skew}"
    connection = play.another(provider, account, clock_skew=skew)
    play.completed(connection, provider)
    play.fleet.simulator.account(account, version=2, changed_share=0.2)
    play.fleet.simulator.account(account, records={PROVIDERS[provider].resource: PROVIDERS[provider].records + 3})
    sync = play.completed(connection, provider, "incremental")
    assert play.differs(connection, account, provider) == (set(), set())
    (task,) = play.fleet.tasks(sync)
    assert (task["records_inserted"], task["records_updated"]) == (3, 10)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_when_all_is_well_again_a_last_sync_brings_every_record(play, provider):
    mine = [me for me in PLAYED if me[1] == provider]
    for me in mine:
        play.task(me)
        play.fleet.simulator.clear_dials(play.accounts[me])
    syncs = {me: play.sync(play.connections[me], provider) for me in mine}
    assert all(syncs[me] or CASES[me[0]].at(provider).error_class == "auth" for me in mine)
    assert_faithful(play.fleet, [sync for sync in syncs.values() if sync])


# --- the worker's own limits ---

def test_bodies_that_drip_take_the_memory_but_no_tries_of_others(fleet, tmp_path):
    """A page that comes slowly holds the whole budget: others wait longer than their timeouts, and nobody fails for it."""
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", practicepanther_soon), pages__budget_bytes=65536,
                       retry__max_attempts=2)
    slow, other = fleet.connection("acct-1", "bench", records=RECORDS), fleet.connection("acct-2", records=RECORDS)
    fleet.simulator.dial("acct-1", "drip", bytes=2500, ms=100)
    syncs = [fleet.sync(slow, ["contacts"], "full")]
    fleet.wait_until(lambda: fleet.simulator.log("acct-1"), what="the page that drips")
    syncs.append(fleet.sync(other, ["contacts"], "full"))
    assert_faithful(fleet, syncs)
    (task,) = fleet.tasks(syncs[1])
    asked = [entry for entry in fleet.simulator.log("acct-2") if entry["query"] == fleet.simulator.log("acct-2")[0]["query"]]
    assert len(asked) > 2 and (task["state"], task["attempts"]) == ("completed", 0)


def practicepanther_soon(name, text):
    return text.replace('records = "";', 'records = ""; timeout_s = 1;') if name == "practicepanther" else text


# --- waits that are longer than a slot is held ---

RECORDS = {"contacts": 250}


def synced(fleet, connection, state="completed"):
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state=state)
    (task,) = fleet.tasks(sync)
    return sync, task


def worker_goes_on(fleet):
    """One account's trouble is its own."""
    other = fleet.connection("acct-2", records={"contacts": 10})
    assert_faithful(fleet, [fleet.sync(other, ["contacts"])])
    return True


def test_a_long_wait_parks_the_task_and_frees_its_slot(fleet):
    fleet.start_producer()
    worker = fleet.start_worker(worker__slots=1)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "throttle", after=1, retry_after="600")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the task to be parked")
    (task,) = fleet.tasks(sync)
    seconds = fleet.value("select extract(epoch from due_at - now())::float8 from sync_tasks")
    assert 595 < seconds < 670 and task["owner"] is None and task["attempts"] == 0
    (shown,) = fleet.api("GET", f"/v1/syncs/{sync}").body["tasks"]
    assert (shown["state"], shown["waits_for"]) == ("waiting", "HTTP 429") and shown["waits_until"] is not None
    assert shown["waits_until"] == fleet.value("select iso_time(due_at) from sync_tasks")
    assert worker_goes_on(fleet)  # in the only slot

    fleet.sql("update sync_tasks set due_at = now() where state = 'waiting'")  # ten minutes later
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert (task["state"], task["epoch"], task["wait_reason"]) == ("completed", 2, None)
    assert not worker.events("task_failed")


def test_a_parked_task_goes_on_by_itself(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__park_after_ms=0)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "server_error", times=3, after=1)
    fleet.simulator.dial("acct-1", "throttle", retry_after="1")
    sync, task = synced(fleet, connection)
    assert_faithful(fleet, [sync])
    assert task["epoch"] > 3  # claimed again after each wait


def test_tries_are_counted_over_parked_waits(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__park_after_ms=0, retry__max_attempts=3)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "server_error", times=-1)
    _, task = synced(fleet, connection, state="failed")
    assert task["error_class"] == "transient"
    assert_dead_letter(fleet, task, 3)
    assert len([entry for entry in fleet.simulator.log("acct-1") if entry["dials"]]) == 3
