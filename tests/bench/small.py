# SPDX-License-Identifier: Apache-2.0
"""Small tasks: separate HTTP requests, each a one-page sync, to their result events as a third process reads them."""
from bed import BenchFleet, say
from meter import Meter
from profiling import Profile
from table import show

RECORDS = 5  # of each account: one page
WORKERS = 2
GROUPS = ("producer", "worker", "PostgreSQL", "Kafka", "simulator")
HEADS = ("level", "asked/s", "accepted/s", "completed/s", "first quarter/s", "last quarter/s", "p50 ms", "p99 ms", "max ms",
         "aim p50/p99 ms", "failed or unfinished", *(f"{name} CPU us/sync" for name in GROUPS), "others' CPU %")
AIMS = {"idle": "", "100": "6 / 40", "1000": "15 / 60", "max": "4,000/s"}


def run(bed, options):
    simulator = bed.simulator(RECORDS)
    say(f"small: connecting {options.accounts:,} accounts")
    with BenchFleet(bed, simulator, [f"acct-{number}" for number in range(options.accounts)], WORKERS) as fleet:
        rows = [_run_level(fleet, level, options) for level in options.levels.split(",")]
    simulator.process.stop()
    show(f"Small tasks: one page of {RECORDS} records each, {WORKERS} workers, {options.accounts:,} accounts, "
         f"broker: {bed.broker_name}", HEADS, rows)


def _run_level(fleet, level, options):
    seconds = options.seconds or (10 if options.short else 60 if level in ("max", "4000") else 20)
    how = {"idle": {"in_flight": 1}, "max": {"in_flight": options.in_flight}}.get(level) or {"rate": int(level)}
    say(f"small: {level} for {seconds} s")
    meter = Meter(*fleet.groups()).start()
    with Profile(fleet, options, f"small-{level}"):
        counted = fleet.load(fleet.connections, seconds=seconds, warmup=1, connections=options.connections, **how)
    used = meter.stop()
    ended = max(1, counted["completed"] + counted["failed"])
    quarter = max(1, seconds // 4)
    by_second = counted["by_second"]
    return (level, counted["sent"] / seconds, counted["accepted_in_time"] / seconds, sum(by_second) / seconds,
            sum(by_second[:quarter]) / quarter, sum(by_second[-quarter:]) / quarter,
            counted.get("p50_ms"), counted.get("p99_ms"), counted.get("max_ms"), AIMS.get(level, ""),
            str(counted["failed"] + counted["unfinished"] + counted["lost"]),
            *(used[name] * 1e6 / ended for name in GROUPS), used["others"] * 100 / meter.seconds)
