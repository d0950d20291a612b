# SPDX-License-Identifier: Apache-2.0
"""kill -9 at every named failpoint, a restart, and then nothing is lost, doubled or told twice.

The program under test is started with one failpoint armed, and gets every kind of work in waves until it dies there: requests
by HTTP and by Kafka, several resources of several pages, slices that end, a task that fails, a sync that is cancelled.
"""
import http.client
import os
import signal
from collections import Counter
from dataclasses import dataclass, field

import pytest

from harness.faithful import ResultWatch, assert_faithful
from harness.fleet import FINAL, PRODUCER_SOON, WORKER_SOON
from harness.programs import Programs

RECORDS = {"contacts": 330, "matters": 130, "tasks": 0}
FEW = {"contacts": 120}
WAVES = 8

WORKER = {"worker__slots": 4, "slice__pages": 1, **WORKER_SOON}

PRODUCES, WORKS = "sync-producer", "sync-worker"

# Which program passes the point, and for the how many-th time it dies there: with work behind it and more to come.
# A campaign (FLEET_CAMPAIGN=1) tries all the earlier times as well.
ROWS = {
    "accept_before_commit": {PRODUCES: 3},
    "accept_after_commit": {PRODUCES: 3},
    "accept_before_reply": {PRODUCES: 3},
    "requests_before_commit": {PRODUCES: 3},
    "requests_before_offset": {PRODUCES: 3},
    "dispatch_after_commit": {PRODUCES: 4},
    "dispatch_after_produce": {PRODUCES: 4},
    "clock_publish_before_ack": {PRODUCES: 2},
    "schedules_before": {PRODUCES: 6},
    "schedules_after_commit": {PRODUCES: 6},
    "claim_before": {WORKS: 3},
    "claim_after_commit": {WORKS: 3},
    "claim_before_offset": {WORKS: 3},
    "fetch_before": {WORKS: 5},
    "fetch_after": {WORKS: 5},
    "store_after_fence": {WORKS: 4},
    "store_after_rows": {WORKS: 4},
    "store_before_commit": {WORKS: 4},
    "store_after_commit": {WORKS: 4},
    "end_before_publish": {WORKS: 4},
    "publish_before_ack": {WORKS: 4, PRODUCES: 1},
    "publish_before_clear": {WORKS: 2, PRODUCES: 1},
    "release_after": {WORKS: 3},
    "sweep_before_step": {WORKS: 4},
    "sweep_after_step": {WORKS: 4},
    "sweep_before_publish": {WORKS: 3},
}
KILLS = [(name, program, nth) for name, row in ROWS.items() for program, last in row.items()
         for nth in range(1 if "FLEET_CAMPAIGN" in os.environ else last, last + 1)]


@pytest.mark.parametrize("program", [PRODUCES, WORKS])
def test_every_failpoint_has_its_row(program):
    printed = Programs(None, "").output(program, "--failpoints").split()
    assert sorted(printed) == sorted(ROWS)


@dataclass
class Work:
    """What clients ask for, and what they were told."""
    fleet: object
    connections: dict
    asked: set = field(default_factory=set)     # connections that must end with their data synced
    answered: set = field(default_factory=set)  # syncs that a client was told of
    events: int = 0                             # requests that Kafka has acknowledged
    waves: int = 0

    @classmethod
    def prepare(cls, fleet):
        """Four accounts for each wave: one for HTTP, one for Kafka, one that fails and one to cancel."""
        made = {}
        for kind, settings in {"http": {"records": RECORDS}, "kafka": {"records": FEW},
                               "bad": {"records": FEW, "dials": [{"dial": "server_error", "status": 404, "after": 1, "times": -1}]},
                               "long": {"records": FEW, "latency_ms": 200}}.items():
            names = [f"{kind}-{n}" for n in range(WAVES)]
            for name in names:
                fleet.simulator.account(name, **settings)
            made[kind] = fleet.tenant.connections(names)
        return cls(fleet, made)

    def wave(self):
        n, self.waves = self.waves, self.waves + 1
        self.fleet.request_by_kafka(self.connections["kafka"][n], ["contacts"])
        self.events += 1
        self.asked.add((self.connections["kafka"][n].id, "contacts"))
        self.ask(self.connections["http"][n])
        if n:  # walks of what changed end without the sweep that full ones have
            self.ask(self.connections["http"][n - 1], mode="incremental")
        self.ask(self.connections["bad"][n], ["contacts"])
        sync = self.ask(self.connections["long"][n], ["contacts"])
        if sync:
            self.call("POST", f"/v1/syncs/{sync}/cancel")

    def ask(self, connection, resources=None, mode="full"):
        """The sync's id, or None when nobody answered."""
        self.asked |= {(connection.id, resource) for resource in resources or RECORDS}
        answer = self.call("POST", "/v1/syncs", {"provider": connection.provider, "connection_id": connection.id, "mode": mode,
                                                 "resources": resources or list(RECORDS)})
        if answer is None:
            return None
        assert answer.status == 202, answer
        self.answered.add(answer.body["sync_id"])
        return answer.body["sync_id"]

    def call(self, *request):
        try:
            answer = self.fleet.api(*request)
        except (OSError, http.client.HTTPException):  # it died before it answered, or is dead
            return None
        return None if answer.status == 503 else answer

    def ask_again_what_was_not_answered(self):
        """Clients repeat what they have no answer to."""
        known = {(row["connection_id"], row["resource"]) for row in self.fleet.sql("select connection_id::text, resource from sync_tasks")}
        of = {connection.id: connection for group in self.connections.values() for connection in group}
        for connection in sorted({id for id, _ in self.asked - known}):
            resources = sorted(resource for id, resource in self.asked if id == connection)
            if of[connection] not in self.connections["kafka"]:
                self.fleet.wait_until(lambda: self.ask(of[connection], resources), what="an answer")

    def at_rest(self):
        """Nothing left to do: all messages accepted, all tasks ended, all events sent."""
        (row,) = self.fleet.sql("select (select count(*) from syncs where source = 'kafka') as events, "
                                "(select count(*) from sync_tasks where ended_at is null) as open, "
                                "(select count(*) from outbox) as unsent")
        return row == {"events": self.events, "open": 0, "unsent": 0}


def run_until_it_dies(fleet, victim, work):
    while victim.running and work.waves < WAVES:
        work.wave()
        fleet.wait_until(lambda: not victim.running or work.at_rest(), 40, "the wave's end or the death")
    assert not victim.running, f"the failpoint was not hit in {WAVES} waves"
    assert victim.wait() == -signal.SIGKILL


def assert_one_dead_letter_each(fleet):
    failed = {row["task_id"] for row in fleet.sql("select task_id::text from sync_tasks where state = 'failed'")}
    letters = {message.headers["ce_id"]: message for message in fleet.messages("sync.tasks.practicepanther.dlq")}
    assert Counter(id.rpartition(".")[0] for id in letters) == Counter(failed)


@pytest.mark.parametrize("name, program, nth", KILLS)
def test_killed_there_and_started_again_loses_and_doubles_nothing(fleet, name, program, nth):
    fleet.send_events_again_after(300)
    armed = fleet.with_failpoint(name, nth)
    work = Work.prepare(fleet)
    fleet.sql("delete from outbox")  # events of the connections: the clock would die of them before the first wave
    producer = fleet.start_producer(env=armed if program == PRODUCES else None, **PRODUCER_SOON)
    worker = fleet.start_worker(env=armed if program == WORKS else None, **WORKER)
    with ResultWatch(fleet) as watch:
        victim = producer if program == PRODUCES else worker
        run_until_it_dies(fleet, victim, work)
        fleet.restart(victim)
        work.ask_again_what_was_not_answered()
        fleet.wait_until(work.at_rest, 40, "everything to be done")
        syncs = fleet.syncs()
        assert_faithful(fleet, syncs)
    assert not watch.early
    assert work.answered <= set(syncs)
    tasks = fleet.tasks(*syncs)
    assert work.asked == {(task["connection_id"], task["resource"]) for task in tasks}
    assert all(task["state"] in FINAL for task in tasks)
    assert_one_dead_letter_each(fleet)
