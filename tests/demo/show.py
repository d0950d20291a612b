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
DEADLINE_SECONDS = 120
TERMINAL = sys.stdout.isatty()


def title(text):
    print(f"\n\033[1m{text}\033[0m" if TERMINAL else f"\n{text}", flush=True)


def bar(label, task, total):
    count = sum(task["records"][counter] for counter in COUNTERS)
    filled = min(BAR, BAR * count // total) if total else 0
    wait = f", for {task['waits_for']}" if task["waits_for"] else ""
    return f"  {label:<22} [{'#' * filled:<{BAR}}] {count:>7,} of {total:>6,}  {task['state']}{wait}"


def progress(syncs, read):
    """Draws a bar for each task until all syncs ended. syncs: {id: (label, {resource: records})}; read(id) asks the API."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    drawn = 0
    waits = {}
    while True:
        answers = {sync: read(sync) for sync in syncs}
        for sync, answer in answers.items():
            waits.update({(syncs[sync][0], task["resource"]): task for task in answer["tasks"] if task["state"] == "waiting"})
        lines = [bar(f"{syncs[sync][0]} {task['resource']}", task, syncs[sync][1].get(task["resource"], 0))
                 for sync, answer in answers.items() for task in sorted(answer["tasks"], key=lambda task: task["resource"])]
        ended = all(answer["state"] in FINAL for answer in answers.values())
        if TERMINAL or ended:
            sys.stdout.write((f"\033[{drawn}A" if drawn else "") + "".join(f"\033[2K{line}\n" if TERMINAL else f"{line}\n"
                                                                           for line in lines))
            sys.stdout.flush()
            drawn = len(lines)
        if ended:
            for (label, resource), task in waits.items():
                print(f"  {label} {resource} had to wait for {task['waits_for']} until {task['waits_until'][11:19]}, then went on "
                      "from its cursor")
            return answers
        if time.monotonic() > deadline:
            raise HarnessError(f"the syncs did not end within {DEADLINE_SECONDS} s: {answers}")
        time.sleep(max(POLL_SECONDS, 0.1))


def tables(postgres, database, names, samples):
    """Rows by table and account, then some rows of some."""
    counts = " union all ".join(
        f"select c.external_id as account, '{name}' as \"table\", count(*) as rows from {name} t join connections c using (connection_id) "
        "where t.deleted_at is null group by 1" for name in names)
    print(postgres.psql(f"{counts} order by 1, 2", database, ("-P", "footer=off")))
    for sample in samples:
        print(postgres.psql(sample, database, ("-P", "footer=off")))


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
    for event in found:
        counters = " ".join(f"{name} {event[f'records_{name}']}" for name in (*COUNTERS, "deleted"))
        print(f"  {event['event_type']:<16} {event['resource'] or '(whole sync)':<14} {counters}")
    if found:
        print("\n  the last one in full:\n  " + json.dumps(found[-1], indent=2).replace("\n", "\n  "))
