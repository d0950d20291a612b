# SPDX-License-Identifier: Apache-2.0
"""Amazon: orders and their items, stocks, money without identities, and the claims that follow from it; both API lines."""
import json
from collections import Counter
from decimal import Decimal

import pytest

from harness.faithful import assert_faithful, canonical

US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
RECORDS = {"orders": 130, "financial_events": 330, "inventory": 120}
NEWER = {"providers__versions": "amazon.orders=2026-01-01,amazon.financial_events=2024-06-19"}


def connect(fleet, account="seller-1", marketplaces=(US,), **settings):
    return fleet.connection(account, "amazon", own={"marketplace_ids": list(marketplaces)}, **{"records": RECORDS, **settings})


def start(fleet, **settings):
    fleet.start_producer(**settings)
    fleet.start_worker(**settings)


def asked(fleet, path):
    return [entry for entry in fleet.simulator.log() if entry["path"].startswith(path)]


def task_of(fleet, sync, resource):
    (task,) = [task for task in fleet.tasks(sync) if task["resource"] == resource]
    return task


def test_a_full_walk(fleet):
    start(fleet)
    connection = connect(fleet)
    assert_faithful(fleet, [fleet.sync(connection)])
