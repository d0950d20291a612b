# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: progress of tasks, what is in PostgreSQL and in quarantine, result events as a consumer reads them."""
import json
import subprocess
import sys
import time

from harness.process import HarnessError, POLL_SECONDS

FINAL = ("completed", "failed", "cancelled")
COUNTERS = ("inserted", "updated", "unchanged", "quarantined")
BAR = 30
EVENTS_SHOWN = 24
DEADLINE_SECONDS = 120
TERMINAL = sys.stdout.isatty()


def title(text):
    print(f"\n\033[1m{text}\033[0m" if TERMINAL else f"\n{text}", flush=True)


def bar(label, task, total):
    count = sum(task["records"][counter] for counter in COUNTERS)
    filled = min(BAR, BAR * count // total) if total else 0
    wait = f", for {task['waits_for']}" if task["waits_for"] else ""
    return f"  {label:<32} [{'#' * filled:<{BAR}}] {count:>7,} of {total:>6,}  {task['state']}{wait}"


def progress(read, totals, busy):
    """Draws a bar for each task until all syncs have ended and nobody is busy asking for more. read() gives the syncs, as the API
    tells them; totals: {(provider, resource): records}, of which there is something to see."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    drawn = 0
    waits = {}
    while True:
        asking, syncs = busy(), read()
        tasks = [(sync["provider"], task) for sync in syncs for task in sorted(sync["tasks"], key=lambda task: task["resource"])
                 if (sync["provider"], task["resource"]) in totals]
        waits.update({f"{provider} {task['resource']}": task for provider, task in tasks if task["state"] == "waiting"})
        lines = [bar(f"{provider} {task['resource']}", task, totals[provider, task["resource"]]) for provider, task in tasks]
        ended = not asking and all(sync["state"] in FINAL for sync in syncs)
        if TERMINAL or ended:
            sys.stdout.write((f"\033[{drawn}A" if drawn else "") + "".join(f"\033[2K{line}\n" if TERMINAL else f"{line}\n"
                                                                           for line in lines))
            sys.stdout.flush()
            drawn = len(lines)
        if ended:
            for label, task in waits.items():
                print(f"  {label} had to wait for {task['waits_for']}, then went on from its cursor")
            return
        if time.monotonic() > deadline:
            raise HarnessError(f"the syncs did not end within {DEADLINE_SECONDS} s: {syncs}")
        time.sleep(max(POLL_SECONDS, 0.1))


def tables(postgres, database, names, samples):
    """Rows by table, then some rows of some."""
    counts = " union all ".join(f"select '{name}' as \"table\", count(*) as rows from {name}" for name in names)
    for query in (f"{counts} order by 1", *samples):
        print(postgres.psql(query, database, ("-P", "footer=off", "-P", "null=(null)")))


def quarantine(records):
    for record in records:
        print(f"  {record['provider']} {record['resource']} {record['record_id']}: {record['column']} {record['reason']}")
    if not records:
        raise HarnessError("there should be a record in quarantine")


def events(bootstrap, topic):
    """Reads the topic to its end by kcat, as any consumer could."""
    command = ["kcat", "-C", "-q", "-e", "-b", bootstrap, "-t", topic]
    print(f"  $ {' '.join(command)}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise HarnessError(f"kcat: {done.stderr}")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for event in found[:EVENTS_SHOWN]:
        counters = " ".join(f"{name} {event[f'records_{name}']}" for name in (*COUNTERS, "deleted"))
        print(f"  {event['provider']:<15} {event['event_type']:<16} {event['resource'] or '(whole sync)':<16} {counters}")
    if len(found) > EVENTS_SHOWN:
        print(f"  ... and {len(found) - EVENTS_SHOWN} more")
    if found:
        print("\n  the last one in full:\n  " + json.dumps(found[-1], indent=2).replace("\n", "\n  "))
