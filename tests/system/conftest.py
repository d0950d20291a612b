# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one PostgreSQL and one Apache Kafka for each of xdist's workers, one fleet with its own database and topics for each test."""
import os
import random
import re
import shutil

import pytest

from harness import ledger as ledgers
from harness.fleet import Fleet
from harness.kafka import Kafka
from harness.postgres import Postgres
from harness.programs import Programs
from harness.setup import Ctl

ALL_LOGS = ledgers.ROOT / ".fleet" / "logs"
LOGS = ALL_LOGS / os.environ.get("PYTEST_XDIST_WORKER", "")


def pytest_configure(config):
    """Once a run, not once a worker."""
    if not hasattr(config, "workerinput"):
        ledgers.clean_up_leftovers()
        shutil.rmtree(ALL_LOGS, ignore_errors=True)


@pytest.fixture(scope="session")
def ledger():
    LOGS.mkdir(parents=True, exist_ok=True)
    own = ledgers.Ledger("system-tests")
    yield own
    own.close()


@pytest.fixture(scope="session")
def kafka(ledger):
    return Kafka(ledger, LOGS / "kafka.log").start()


@pytest.fixture(scope="session")
def postgres(ledger):
    return Postgres(ledger, LOGS / "postgres.log").start()


@pytest.fixture(scope="session")
def template(postgres, ledger):
    """The migrated database that every test's own is copied from."""
    postgres.create_database("sf_template")
    Ctl(Programs(ledger, LOGS), {"database.url": postgres.url("sf_template")}).migrate()
    return "sf_template"


@pytest.fixture
def fleet(request, kafka, postgres, template, ledger):
    number = request.session.testscollected and request.session.items.index(request.node) + 1
    logs = LOGS / re.sub(r"[^A-Za-z0-9_.-]+", "_", request.node.name)
    logs.mkdir(exist_ok=True)
    own = Fleet(f"t{number}", postgres, kafka, ledger, logs)
    request.node.fleet = own
    yield own
    own.close()


@pytest.fixture
def dice():
    seed = int(os.environ.get("FLEET_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"FLEET_SEED={seed}")
    return random.Random(seed)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of each program's log; the whole logs stay in .fleet/logs."""
    report = (yield).get_result()
    if report.failed and hasattr(item, "fleet"):
        for process in item.fleet.processes:
            report.sections.append((f"{process.name} log", process.tail(40)))
