# SPDX-License-Identifier: Apache-2.0
"""The project's own programs, started from one build folder with settings by name."""
import base64
import os
import subprocess
from pathlib import Path

from .ledger import ROOT
from .process import HarnessError, Process

PATHS = {"sync-producer": "producer", "sync-worker": "worker", "syncctl": "producer",
         "provider-simulator": "tests/simulator", "demo-broker": "tests/simulator", "declaration-plan": "tests/conform"}
CRYPTO_KEYS = "k1:" + base64.b64encode(b"a key for tests and for demos..!").decode()


def variable(setting):
    """The environment variable of a setting: database.url is SYNCFLEET_DATABASE__URL."""
    return "SYNCFLEET_" + setting.upper().replace(".", "__")


def as_environment(settings):
    def text(value):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return {variable(name): text(value) for name, value in settings.items() if value is not None}


class Programs:
    """Starts programs of one build, each with a log of its own in `logs`."""

    def __init__(self, ledger, logs, build=None, death="KILL"):
        self.ledger, self.logs, self.death = ledger, Path(logs), death
        self.build = Path(build or os.environ.get("FLEET_BUILD") or ROOT / "build" / "dev")
        self.started = 0

    def path(self, program):
        path = self.build / PATHS[program] / program
        if not path.exists():
            raise HarnessError(f"{path} is not built")
        return path

    def start(self, program, arguments=(), settings=None, env=None):
        """Starts a program that stays; `settings` by their names, `env` for anything else."""
        self.started += 1
        log = self.logs / f"{self.started:02d}-{program}.log"
        log.unlink(missing_ok=True)  # another run's addresses must not be taken for ours
        return Process(program, [self.path(program), *arguments], log, self.ledger, death=self.death,
                       env={**as_environment(settings or {}), **(env or {})})

    def run(self, program, *arguments, settings=None, env=None, stdin=None, timeout=60):
        """Runs a program to its end. Returns what subprocess.run returns, as text."""
        return subprocess.run([self.path(program), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              timeout=timeout, check=False, env={**os.environ, **as_environment(settings or {}), **(env or {})})

    def output(self, program, *arguments, **how):
        """What a program that must succeed wrote to stdout."""
        done = self.run(program, *arguments, **how)
        if done.returncode != 0:
            raise HarnessError(f"{program} {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout
