# SPDX-License-Identifier: Apache-2.0
"""Growth: what a page costs as the table grows, at equal load: inserting new accounts, and walking an unchanged one."""
import random

from bed import BenchFleet, HarnessError, say
from meter import Meter
from table import show

RECORDS = 100_000  # of one account
STEP = 5           # accounts loaded between two measurements: half a million rows
PAGE = 100
HEADS = ("rows", "first load: us/page", "PostgreSQL CPU us/page", "worker CPU us/page",
         "unchanged: us/page", "PostgreSQL CPU us/page", "worker CPU us/page")


def run(bed, options):
    steps = max(1, options.rows // (RECORDS * STEP))
    simulator = bed.simulator(RECORDS)
    rows = []
    with BenchFleet(bed, simulator, [str(number) for number in range(1, steps * STEP + 1)]) as fleet:
        # Ids of connections rise with time: loaded in this order, new rows fall between old ones instead of behind them.
        connections = random.Random(1).sample(fleet.connections, len(fleet.connections))
        for step in range(steps):
            say(f"growth: step {step + 1} of {steps}")
            new = connections[step * STEP:(step + 1) * STEP]
            rows.append((f"{(step + 1) * STEP * RECORDS:,}", *_cost(fleet, new), *_cost(fleet, connections[:STEP])))
        _check(fleet, steps * STEP * RECORDS)
    simulator.process.stop()
    show(f"Growth: cost of a page of {PAGE} records, {STEP} accounts of {RECORDS:,} at once, one worker", HEADS, rows)


def _cost(fleet, connections):
    pages = len(connections) * RECORDS // PAGE
    meter = Meter(*fleet.groups()).start()
    counted = fleet.load(connections, once=1)
    used = meter.stop(load=counted["cpu_s"])
    if counted["completed"] != len(connections):
        raise HarnessError(f"{counted['completed']} of {len(connections)} syncs completed")
    return tuple(seconds * 1e6 / pages for seconds in (counted["last_s"], used["PostgreSQL"], used["worker"]))


def _check(fleet, want):
    rows = int(fleet.value(f"select count(*) from bench_contacts where connection_id <> '{fleet.warm}'"))
    if rows != want:
        raise HarnessError(f"{rows} rows instead of {want}")
