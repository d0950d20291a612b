# SPDX-License-Identifier: Apache-2.0
"""Listeners: what thousands of clients of server-sent events cost, each with a sync of its own, while nothing happens and while
every sync makes progress once a second."""
import resource
import time
from pathlib import Path

from bed import BenchFleet, say
from harness.listening import Crowd
from meter import Meter
from table import show

HEADS = ("listeners", "producer KB each", "at rest: producer CPU %", "PostgreSQL CPU %", "in motion: events/s", "producer CPU us/event",
         "PostgreSQL CPU us/event", "others' CPU %")
SPARE_FILES = 500
# Open, claimed by nobody, and so left alone by the clock.
MAKE = """with made as (
    insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, open_tasks)
    select uuid_v7(), tenant_id, connection_id, provider, 'full', 'http', 1 from connections cross join generate_series(1, {count})
    where external_id = 'warm' returning *),
tasks as (
    insert into sync_tasks (task_id, tenant_id, connection_id, provider, resource, mode, state, started_at)
    select sync_id, tenant_id, connection_id, provider, sync_id::text, 'full', 'running', now() from made returning task_id)
insert into sync_members select task_id, task_id from tasks"""
MOVE = "update sync_tasks set records_inserted = records_inserted + 100 where ended_at is null"


def run(bed, options):
    _raise_files(max(options.listeners) + SPARE_FILES)
    simulator = bed.simulator(1)
    rows = [_run(bed, simulator, count, options.seconds or (5 if options.short else 15)) for count in options.listeners]
    simulator.process.stop()
    show("Listeners, each of a sync of its own; one look every 500 ms", HEADS, rows)


def _run(bed, simulator, count, seconds):
    say(f"listeners: {count:,}")
    with BenchFleet(bed, simulator, []) as fleet:
        bed.postgres.psql(MAKE.format(count=count), fleet.database)
        syncs = fleet.value("select sync_id from syncs where state = 'running'").splitlines()
        before = _rss_kb(fleet.producer.pid)
        crowd = Crowd([f"http://{fleet.address}/v1/syncs/{sync}/events" for sync in syncs], fleet.key)
        try:
            crowd.read_until(lambda: crowd.heads == count and crowd.progress == count, 60, "every listener's first event")
            each = (_rss_kb(fleet.producer.pid) - before) / count
            rest = _measure(fleet, crowd, seconds, None)
            told = crowd.progress
            motion = _measure(fleet, crowd, seconds, MOVE)
            events = crowd.progress - told
        finally:
            crowd.close()
    return (f"{count:,}", each, rest["producer"] * 100 / seconds, rest["PostgreSQL"] * 100 / seconds, events / seconds,
            motion["producer"] * 1e6 / events, motion["PostgreSQL"] * 1e6 / events, motion["others"] * 100 / seconds)


def _measure(fleet, crowd, seconds, statement):
    """CPU seconds by name while the crowd reads; the statement runs once a second."""
    meter = Meter(*fleet.groups()).start()
    end = time.monotonic() + seconds
    due = time.monotonic()
    while (now := time.monotonic()) < end:
        if statement and now >= due:
            fleet.bed.postgres.psql(statement, fleet.database)
            due += 1
        crowd.read(0.05)
    used = meter.stop()
    return used


def _rss_kb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _raise_files(want):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(want, hard)), hard))
