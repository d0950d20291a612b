# SPDX-License-Identifier: Apache-2.0
"""Growth: what a page costs as the table grows, at equal load: inserting new accounts, and walking an unchanged one."""
import random

from bed import BenchFleet, HarnessError, say
from meter import Meter
from table import show

STEP_ROWS = 500_000  # loaded between two measurements
ACCOUNTS = 5         # that they belong to
PAGE = 100
HEADS = ("rows", "first load: us/page", "PostgreSQL CPU us/page", "worker CPU us/page",
         "unchanged: us/page", "PostgreSQL CPU us/page", "worker CPU us/page")


def run(bed, options):
    step_rows = min(STEP_ROWS, options.rows // 2)
    records, steps = step_rows // ACCOUNTS, options.rows // step_rows
    simulator = bed.simulator(records)
    rows = []
    with BenchFleet(bed, simulator, [str(number) for number in range(1, steps * ACCOUNTS + 1)]) as fleet:
        # Ids of connections rise with time: loaded in this order, new rows fall between old ones instead of behind them.
        connections = random.Random(1).sample(fleet.connections, len(fleet.connections))
        for step in range(steps):
            say(f"growth: step {step + 1} of {steps}")
            new = connections[step * ACCOUNTS:(step + 1) * ACCOUNTS]
            rows.append((f"{(step + 1) * ACCOUNTS * records:,}", *_cost(fleet, new, records),
                         *_cost(fleet, connections[:ACCOUNTS], records)))
        _check(fleet, steps * ACCOUNTS * records)
    simulator.process.stop()
    show(f"Growth: cost of a page of {PAGE} records, {ACCOUNTS} accounts of {records:,} at once, one worker", HEADS, rows)


def _cost(fleet, connections, records):
    pages = len(connections) * records // PAGE
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
