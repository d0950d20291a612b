# SPDX-License-Identifier: Apache-2.0
"""Where the time goes, when asked for: perf's hottest symbols (--perf) and PostgreSQL's dearest statements (--statements)."""
import signal
import subprocess

from bed import STATE, say

TOP = 25
STATEMENTS = """
select round(total_exec_time) as ms, calls, round((total_exec_time / calls * 1000)::numeric) as us_each, rows,
    round((wal_bytes / 1048576)::numeric, 1) as wal_mb, left(regexp_replace(regexp_replace(query, '--[^\n]*\n', '', 'g'), '\s+', ' ', 'g'), 90) as statement
from pg_stat_statements order by total_exec_time desc limit 15
"""


class Profile:
    """Profiles the fleet's programs and PostgreSQL while the context lasts."""

    def __init__(self, fleet, options, name):
        self.fleet, self.options, self.name = fleet, options, name
        self.data = STATE / f"{name}.perf"
        self.recorder = None

    def __enter__(self):
        if self.options.statements:
            self.fleet.value("select pg_stat_statements_reset()")
        if self.options.perf:
            self.recorder = subprocess.Popen(["perf", "record", "-q", "-a", "-F", "499", "-o", self.data],
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_):
        if self.recorder:
            self.recorder.send_signal(signal.SIGINT)
            self.recorder.wait()
            for program in ("sync-worker", "sync-producer", "postgres"):
                self._report(program)
        if self.options.statements:
            say(f"{self.name}: PostgreSQL's statements\n" +
                self.fleet.bed.postgres.psql(STATEMENTS, self.fleet.database, "-Pformat=aligned"))

    def _report(self, program):
        done = subprocess.run(["perf", "report", "-q", "-i", self.data, "--comm", program, "--sort", "dso,symbol", "--stdio",
                               "--percentage", "relative"], capture_output=True, text=True, check=False)
        lines = [line.rstrip(" -") for line in done.stdout.splitlines() if line.strip() and not line.startswith("#")]
        say(f"{self.name}: {program}\n" + "\n".join(lines[:TOP] or [done.stderr]))
