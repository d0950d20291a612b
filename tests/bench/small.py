# SPDX-License-Identifier: Apache-2.0
"""Small tasks: separate HTTP requests, each a one-page sync, to their result events as a third process reads them."""
from bed import BenchFleet, say
from meter import Meter
from profiling import Profile
from table import show

RECORDS = 5  # of each account: one page
WORKERS = 2
GROUPS = ("producer", "worker", "PostgreSQL", "Kafka", "load")
HEADS = ("level", "asked/s", "accepted/s", "completed/s", "slowest 5 s, /s", "p50 ms", "p99 ms", "max ms", "aim", "not completed",
         *(f"{name} CPU us/sync" for name in GROUPS), "others' CPU %")
WINDOW = 5  # seconds
LEAD_IN = 40  # seconds: after 20 the broker's compiler still takes a sixth of a core
AIMS = {"100": "p50/p99 6 / 40", "1000": "p50/p99 15 / 60", "4000": "4,000/s", "max": "4,000/s"}


def run(bed, options):
    simulator = bed.simulator(RECORDS)
    say(f"small: connecting {options.accounts:,} accounts")
    with BenchFleet(bed, simulator, [f"acct-{number}" for number in range(options.accounts)], WORKERS) as fleet:
        _lead_in(fleet, options)
        rows = [_run_level(fleet, level, options) for level in options.levels.split(",")]
    simulator.process.stop()
    show(f"Small tasks: one page of {RECORDS} records each, {WORKERS} workers, {options.accounts:,} accounts, "
         f"broker: {bed.broker_name}", HEADS, rows)


def _lead_in(fleet, options):
    """A fleet that has been running: the broker's code is compiled, and PostgreSQL has log files to write over."""
    say("small: leading in")
    fleet.load(fleet.connections, seconds=5 if options.short else LEAD_IN, warmup=1, connections=options.connections,
               in_flight=options.in_flight)
    fleet.bed.postgres.psql("checkpoint")


def _run_level(fleet, level, options):
    seconds = options.seconds or (10 if options.short else 60 if level in ("max", "4000") else 20)
    how = {"idle": {"in_flight": 1}, "max": {"in_flight": options.in_flight}}.get(level) or {"rate": int(level)}
    say(f"small: {level} for {seconds} s")
    meter = Meter(*fleet.groups()).start()
    with Profile(fleet, options, f"small-{level}"):
        counted = fleet.load(fleet.connections, seconds=seconds, warmup=1, connections=options.connections, **how)
    used = meter.stop(load=counted["cpu_s"])
    ended = max(1, counted["completed"] + counted["failed"])
    return (level, counted["sent"] / seconds, counted["accepted_in_time"] / seconds, sum(counted["by_second"]) / seconds,
            _slowest(counted["by_second"]), counted.get("p50_ms"), counted.get("p99_ms"), counted.get("max_ms"),
            AIMS.get(level, ""), str(counted["failed"] + counted["unfinished"] + counted["lost"]),
            *(used[name] * 1e6 / ended for name in GROUPS), used["others"] * 100 / meter.seconds)


def _slowest(by_second):
    """Completed a second in the slowest seconds on end: a fleet that stalls shows here."""
    width = min(WINDOW, len(by_second))
    return min(sum(by_second[start:start + width]) / width for start in range(len(by_second) - width + 1))
