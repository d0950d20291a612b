# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL server: its own data folder, port and socket folder, owned by whoever may run it."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

from .process import HarnessError, Process, free_port, wait_until

# A test machine that loses power loses its test; a killed process loses nothing by fsync=off.
SETTINGS = {"listen_addresses": "127.0.0.1", "fsync": "off", "full_page_writes": "off", "max_connections": "200",
            "shared_buffers": "128MB", "log_line_prefix": "%m [%p] %d ", "autovacuum_naptime": "10s"}
ADMIN = "postgres"  # row level security does not hold for this superuser: no program connects as it
OWNER = "syncfleet"  # of the fleet's databases
READY_LINE = 7  # of postmaster.pid, counted from 0


def bin_folder():
    """Debian's folder of the newest PostgreSQL server."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise HarnessError("no PostgreSQL server in /usr/lib/postgresql")
    return found[-1].parent


class Postgres:
    """start() and stop() may alternate on the same data and port, which is how tests restart the database."""

    def __init__(self, ledger, log, settings=None, death="QUIT"):
        self.ledger, self.log, self.death = ledger, log, death
        self.settings = {**SETTINGS, **(settings or {})}
        self.user = "postgres" if os.getuid() == 0 else None
        self.folder = ledger.make_folder()
        self.port = free_port()
        self.process = None
        self.owned = False
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
        self._as_server_user([bin_folder() / "initdb", "-D", self.folder / "data", "-U", ADMIN, "-A", "trust",
                              "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"])

    def start(self, timeout=30.0):
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        self.process = Process("postgres", [bin_folder() / "postgres", "-D", self.folder / "data", "-p", self.port,
                                            "-k", self.folder, *options], self.log, self.ledger, user=self.user,
                               death=self.death, polite=signal.SIGINT)
        wait_until(self._ready, timeout, "PostgreSQL to be ready", self.process.tail)
        if not self.owned:
            self.psql(f"create role {OWNER} login createrole")
            self.owned = True
        return self

    def stop(self, how=signal.SIGINT):
        """SIGINT ends sessions and shuts down; SIGQUIT leaves a recovery to the next start, as a crash does."""
        if self.process:
            self.process.signal(how)
            self.process.wait()

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        return self.start()

    def url(self, database="postgres", user=OWNER):
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name, template=None):
        """An empty database of the fleet's owner, or a copy of another."""
        self.psql(f"create database {name} owner {OWNER}" + (f" template {template}" if template else ""))

    def psql(self, sql, database="postgres", form=("-At",), user=ADMIN):
        """Runs SQL by psql and returns what it prints; by default unaligned and without headers."""
        done = subprocess.run([bin_folder() / "psql", "-Xq", *form, "-v", "ON_ERROR_STOP=1", "-d", self.url(database, user),
                               "-c", sql], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HarnessError(f"psql: {done.stderr.strip()}\n{sql}")
        return done.stdout.rstrip("\n")

    def _ready(self):
        if not self.process.running:
            raise HarnessError(f"PostgreSQL did not start\n{self.process.tail()}")
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return False
        return len(lines) > READY_LINE and lines[0] == str(self.process.pid) and lines[READY_LINE].strip() == "ready"

    def _as_server_user(self, argv):
        prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--"] if self.user else []
        done = subprocess.run(prefix + [str(word) for word in argv], capture_output=True, text=True, cwd="/", check=False)
        if done.returncode != 0:
            raise HarnessError(f"{argv[0]}: {done.stderr.strip()}")
