# SPDX-License-Identifier: Apache-2.0
"""What the bulk benchmark is held against: a hand-written Go program (peer/), and PostgreSQL alone."""
import os
import shutil
import subprocess
import time

from bed import ROOT, STATE, HarnessError, say
from harness.postgres import ADMIN, bin_folder
from meter import tree_cpu_seconds

SOURCE = ROOT / "tests" / "bench" / "peer"
BINARY = STATE / "gopeer-jsonv2"
DATABASE = "peer"
CHUNK = 10_000  # rows of one transaction of the floor
TABLE = ("create table contacts (id text primary key, account int, name text, email text, status text, amount double precision, "
         "created_at timestamptz, updated_at timestamptz, address jsonb, tags jsonb, notes text)")
COLUMNS = ("account", "name", "email", "status", "amount", "created_at", "updated_at", "address", "tags", "notes")


def build():
    """Builds the Go program; None, and says so, where there is no Go or its modules cannot be had."""
    if not shutil.which("go"):
        say("the Go peer is SKIPPED, there is no go")
        return None
    done = subprocess.run(["go", "build", "-o", BINARY, "."], cwd=SOURCE, env={**os.environ, "GOEXPERIMENT": "jsonv2"},
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        say(f"the Go peer is SKIPPED, it could not be built: {done.stderr[-2000:]}")
        return None
    return BINARY


def figures(records, seconds, cpu, postgres_cpu, rss=None):
    return {"rate": records / seconds, "cpu": cpu * 1e6 / records, "postgres": postgres_cpu * 1e6 / records, "rss": rss}


def measure(bed, command, records):
    """Runs a program to its end; its figures include those of its children."""
    before, began = tree_cpu_seconds(bed.postgres.process.pid), time.monotonic()
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    bed.ledger.add_process("peer", child.pid)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if child.returncode != 0:
        raise HarnessError(f"{command[0]}: {said[-2000:]}")
    return figures(records, seconds, usage.ru_utime + usage.ru_stime, tree_cpu_seconds(bed.postgres.process.pid) - before,
                   usage.ru_maxrss / 1024)


def run_go(bed, simulator, accounts, records):
    """First load and unchanged data (only rows that differ are updated), on a fresh database."""
    total = accounts * records
    command = [BINARY, "-url", simulator.url, "-dsn", bed.postgres.url(DATABASE), "-accounts", accounts]
    bed.fresh_database(DATABASE)
    first = measure(bed, command, total)
    unchanged = measure(bed, [*command, "-changed"], total)
    check_rows(bed, total)
    bed.drop_database(DATABASE)
    return {"first": first, "unchanged": unchanged}


def run_go_slow(bed, simulator, accounts, records, limit):
    """First load of many small accounts at once, each written when it is whole: the fastest way this program has."""
    bed.fresh_database(DATABASE)
    found = measure(bed, [BINARY, "-url", simulator.url, "-dsn", bed.postgres.url(DATABASE), "-accounts", accounts,
                          "-limit", limit, "-batch", records], accounts * records)
    check_rows(bed, accounts * records)
    bed.drop_database(DATABASE)
    return found


def check_rows(bed, total):
    rows = int(bed.postgres.psql("select count(*) from contacts", DATABASE))
    if rows != total:
        raise HarnessError(f"{rows} rows instead of {total}")


# ---- PostgreSQL alone: ready binary COPY files into a stage, then the upsert, from two sessions ----

def export(bed, fleet):
    """Writes a fleet's rows as files, one a transaction of the floor; returns their paths by session."""
    folder = bed.postgres.folder / "copy"
    folder.mkdir(exist_ok=True)
    shutil.chown(folder, bed.postgres.user or os.getuid())
    sessions = ([], [])
    for account, connection in enumerate(fleet.connections):
        records = int(fleet.value(f"select count(*) from bench_contacts where connection_id = '{connection}'"))
        for start in range(0, records, CHUNK):
            path = folder / f"{account}-{start}"
            fleet.value(f"copy (select id, {account} as account, {', '.join(COLUMNS[1:])} from bench_contacts "
                        f"where connection_id = '{connection}' order by id offset {start} limit {CHUNK}) "
                        f"to '{path}' (format binary)")
            sessions[account % 2].append(path)
    return sessions


def run_floor(bed, sessions, records):
    bed.fresh_database(DATABASE)
    bed.postgres.psql(TABLE, DATABASE)
    updates = ", ".join(f"{column} = excluded.{column}" for column in COLUMNS)
    scripts = []
    for number, paths in enumerate(sessions):
        script = bed.folder / f"floor-{number}.sql"
        script.write_text("create temp table stage (like contacts) on commit delete rows;\n" + "".join(
            f"begin; copy stage from '{path}' (format binary); insert into contacts select * from stage "
            f"on conflict (id) do update set {updates}; commit;\n" for path in paths))
        scripts.append(script)
    psql = f"{bin_folder() / 'psql'} -Xq -v ON_ERROR_STOP=1 -d {bed.postgres.url(DATABASE, ADMIN)} -f"
    both = ["sh", "-c", f"{psql} {scripts[0]} & {psql} {scripts[1]} && wait $!"]
    found = {phase: measure(bed, both, records) for phase in ("first", "unchanged")}
    check_rows(bed, records)
    bed.drop_database(DATABASE)
    return found
