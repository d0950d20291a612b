# SPDX-License-Identifier: Apache-2.0
"""One budget per limit of a provider in the whole fleet: what the provider counts never passes it, and little of it is lost."""
import time

import pytest

from harness.faithful import assert_faithful
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
    if fleet.producer is None:
        fleet.start_producer()
    return [fleet.start_worker(providers__dir=folder, **settings) for _ in range(workers)]


def many(fleet, count, contacts=250):
    fleet.simulator.accounts("acct-", count, records={"contacts": contacts, "matters": 0, "tasks": 0})
    return fleet.tenant.connections([f"acct-{n}" for n in range(count)])


def calls(fleet):
    return [entry for entry in fleet.simulator.log() if entry["path"].startswith("/api/")]


def metric(fleet, worker, name, limit="calls"):
    text = fleet.admin(worker, "/metrics").body
    found = [line for line in text.splitlines() if line.startswith(f"syncfleet_{name}") and f'limit="{limit}"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def test_eight_workers_share_ten_calls_a_second(fleet, tmp_path):
    workers = start(fleet, tmp_path, APP_RATE, 8)
    connections = many(fleet, 30)
    fleet.simulator.limit({"name": "seen", "kind": "rate", "count": 10, "enforce": False})
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs, timeout=90)
    seen = fleet.simulator.limits()["seen"]
    log = calls(fleet)
    took = (log[-1]["ms"] - log[0]["ms"]) / 1000
    discarded = sum(metric(fleet, worker, "limit_starts_discarded_total") for worker in workers)
    print(f"{len(log)} calls in {took:.1f} s: {len(log) / took:.2f} a second, most in a second {seen['most']}, {discarded:.0f} discarded")
    assert seen["most"] <= 10 and len(log) == 30 * 4
    assert len(log) / took >= 9
