# SPDX-License-Identifier: Apache-2.0
"""Every shipped declaration, on an API made from it, when a worker is killed at each point and when the provider has each of its
bad moments. A run has each declaration, each of its resources and each fault with some other; a campaign (`./fleet test
--all`) has every one with every other."""
import os
import signal

import pytest

from harness.declared import SHIPPED, Declared
from harness.fleet import PRODUCER_SOON, WORKER_SOON

CAMPAIGN = "FLEET_CAMPAIGN" in os.environ
WORKER = {**WORKER_SOON, "slice__pages": 2, "worker__slots": 6, "breaker__failures": 1000000, "retry__park_after_ms": 60000}

# Where a worker dies, and for the how many-th time it passes there: every walk passes them.
POINTS = {"fetch_before": 9, "fetch_after": 9, "store_after_fence": 3, "store_after_rows": 3, "store_before_commit": 3,
          "store_after_commit": 3, "end_before_publish": 3, "publish_before_ack": 2, "claim_after_commit": 1}

# What passes: (dial, options). None is of a kind that a declaration has a word about.
MOMENTS = [("throttle", {"times": 2, "retry_after": "0"}), ("server_error", {"times": 2}), ("hang", {"ms": 30, "times": 2}),
           ("cut", {"times": 2}), ("lost", {}), ("drip", {"bytes": 2000, "ms": 5}),
           ("gzip", {"times": 3}), ("latency", {"ms": 200}), ("server_error", {"status": 503, "after": 2}), ("cut", {"after": 2})]


def pairs(these, those):
    """Each of these with each of those in a campaign; else so few that each is there once."""
    if CAMPAIGN:
        return [(a, b) for a in these for b in those]
    return [(these[n % len(these)], those[n % len(those)]) for n in range(len(these))]


def assert_all_there(declared, account, connection, resources):
    differences = {each["name"]: declared.difference(account, connection, each) for each in resources}
    assert not any(differences.values()), differences


def share(declared, number):
    """The resources of the number-th account, and what they hang on."""
    every = declared.resources
    mine = every if CAMPAIGN else [each for at, each in enumerate(every) if at % len(MOMENTS) == number]
    return declared.with_parents(mine or [every[number % len(every)]])


@pytest.mark.parametrize("name, point", pairs(SHIPPED, list(POINTS)))
def test_bad_moments_and_a_death(fleet, tmp_path, name, point):
    declared = Declared(fleet, name, tmp_path)
    if not declared.resources:
        pytest.skip("an API made from this declaration shows none of its resources")
    accounts = {f"m{number}": share(declared, number) for number in range(len(MOMENTS))}
    connections = declared.connect(accounts)
    for account, (kind, options) in zip(accounts, MOMENTS):
        declared.simulator.dial(account, kind, **options)
    victim = declared.start(PRODUCER_SOON, WORKER, env=fleet.with_failpoint(point, POINTS[point]))
    syncs = {account: declared.sync(connections[account], resources) for account, resources in accounts.items()}
    fleet.wait_until(lambda: not victim.running, 40, f"the worker to die at {point}")
    assert victim.wait() == -signal.SIGKILL
    declared.start(PRODUCER_SOON, WORKER)
    for account, resources in accounts.items():
        fleet.wait_for_sync(syncs[account], 60, state="completed")
        assert_all_there(declared, account, connections[account], resources)
        assert any(dial["hits"] for dial in declared.simulator.state(account)["dials"]), account
