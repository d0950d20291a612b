# SPDX-License-Identifier: Apache-2.0
"""`fleet demo`, `fleet up` and `fleet down`: a private fleet with simulated providers. Standard library only."""
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import failures  # noqa: E402 (the path above comes first)
import show  # noqa: E402
import systems  # noqa: E402
from harness import ledger as ledgers  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.process import HarnessError, wait_until  # noqa: E402
from harness.programs import CRYPTO_KEYS, Programs, variable  # noqa: E402
from harness.setup import Ctl, ProviderSimulator, http_json, topics_of  # noqa: E402

DATABASE = "sync_fleet"
WORKERS = 2
PROVIDERS = ledgers.ROOT / "common" / "providers"
PARTITIONS = 2
PARK_AFTER_MS = 500  # so that a wait of two seconds gives its slot back, as one of minutes does in a real fleet
RETRY_BASE_MS = 20   # so that tries are used up soon
SECRET = "a secret of the demo, which has 32 bytes and more"
WEEK = 7 * 86400
UP = ledgers.RUNS / "up.json"


class Stage:
    """Everything that runs. death=None: it outlives this command."""

    def __init__(self, ledger, death="KILL"):
        self.folder = ledger.make_folder()
        self.secret = SECRET
        self.programs = Programs(ledger, self.folder, os.environ.get("FLEET_BUILD") or ledgers.ROOT / "build" / "release", death)
        self.postgres = Postgres(ledger, self.folder / "postgres.log", death="QUIT" if death else None).start()
        self.postgres.create_database(DATABASE)
        broker = self.programs.start("demo-broker", [f"{topic}:{PARTITIONS}" for topic in topics_of(PROVIDERS)])
        self.bootstrap = broker.address()
        self.simulator = ProviderSimulator(self.programs)
        self.settings = {"database.url": self.postgres.url(DATABASE), "kafka.bootstrap_servers": self.bootstrap,
                         "crypto.keys": CRYPTO_KEYS, "providers.dir": PROVIDERS}
        self.ctl = Ctl(self.programs, self.settings)
        self._set_up()
        self._start_programs()

    def _set_up(self):
        self.ctl.migrate()
        self.ctl.tenant("demo")
        self.key = self.ctl.key("demo")

    def _start_programs(self):
        # The mock cluster's groups need a session time-out of this size.
        common = {**self.settings, "kafka.properties": "session.timeout.ms=4500", "log.format": "json", "admin.listen": "127.0.0.1:0",
                  "providers.origins": self.simulator.origins()}
        producer = self.programs.start("sync-producer", settings={**common, **self._of_producer(), "http.listen": "127.0.0.1:0"})
        workers = [self.programs.start("sync-worker", settings={
            **common, "http.allow_plain_loopback": True, "retry.park_after_ms": PARK_AFTER_MS, "retry.base_ms": RETRY_BASE_MS})
            for _ in range(WORKERS)]
        self.api = f"http://{producer.address('http')}"
        self.admin = [f"http://{process.address('admin')}" for process in (producer, *workers)]
        self.routes = {"{method} {path}".format(**json.loads(line))
                       for line in self.programs.output("sync-producer", "--routes", settings=common).splitlines()}

    def _of_producer(self):
        """What connecting accounts takes. A browser comes back to this machine, so that the URIs are names only."""
        clients = [system.provider for system in systems.ALL if self.declares(system.provider)]
        return {"auth.jwt_secret": SECRET, "oauth.state_key": SECRET, "outgoing.allow_plain_loopback": True,
                "oauth.clients": ";".join(f"{provider}=client-of-the-demo:secret" for provider in clients),
                "amazon.application_id": "application-of-the-demo",
                "oauth.redirect_uri": "https://fleet.example/v1/oauth/callback",
                "oauth.redirect_uris": "practicepanther=http://localhost:5001/api/admin/pp-token/callback"}

    @staticmethod
    def declares(provider):
        return (PROVIDERS / f"{provider}.cfg").exists()

    def call(self, method, path, body=None):
        return http_json(method, self.api + path, body, {"Authorization": f"Bearer {self.key}"})

    def syncs(self):
        return [self.call("GET", sync["href"]) for sync in self.call("GET", "/v1/syncs?limit=100")["syncs"]]

    def wait_for(self, ids):
        """The syncs of these ids, when all have ended."""
        return {id: wait_until(lambda: (sync := self.call("GET", f"/v1/syncs/{id}"))["state"] in show.FINAL and sync, 60, f"sync {id}")
                for id in ids}

    def connect(self):
        """What each system's users see before anything is connected, and how it is. Returns the systems that there are."""
        there = []
        for system in (made(self) for made in systems.ALL):
            show.title(f"{system.name}: {system.about}")
            lacks = system.lacks()
            if lacks:
                print(f"  left out: {lacks}")
                continue
            system.prepare()
            system.before()
            there.append(system)
        return there

    def sync(self, there):
        """All at once, as their users would."""
        show.title("All of them sync")
        totals = {(system.provider, resource): count for system in there for resource, count in system.records.items()}
        with ThreadPoolExecutor(len(there)) as pool:
            asked = [pool.submit(lambda system: list(system.start()), system) for system in there]
            show.progress(self.syncs, totals, lambda: not all(one.done() for one in asked))
        for one in asked:
            for told in one.result():
                systems.tell(*told)
        for system in there:
            show.title(f"{system.name}, afterwards")
            system.after()

    def show(self):
        there = self.connect()
        self.sync(there)
        show.title("What is in PostgreSQL")
        show.tables(self.postgres, DATABASE, sorted(table for system in there for table in system.tables),
                    [sample for system in there for sample in system.samples])
        show.title("One failure of each kind, and what is said of it")
        failures.Failures(self).show()
        show.title("What could not be stored, and why (syncctl get records)")
        show.quarantine(self.ctl("get", "records"))
        show.title("Who did what (audit_logs)")
        print(self.postgres.psql("select actor, action, left(details::text, 100) as details from audit_logs order by audit_id", DATABASE, ("-P", "footer=off")))
        show.title("The result events, as a consumer reads them")
        show.events(self.bootstrap, "sync.results")

    def notes(self):
        (connection,) = [one["connection_id"] for one in self.call("GET", "/v1/connections?provider=practicepanther&limit=200")["connections"]
                         if one["external_id"] == "practicepanther"]
        account = systems.PracticePanther.account
        ctl = " ".join(f"{variable(name)}='{value}'" for name, value in self.settings.items() if name != "crypto.keys")
        return f"""
  HTTP service     {self.api}
  admin ports      {' '.join(self.admin)}   (/livez /readyz /metrics /version)
  PostgreSQL       {self.postgres.url(DATABASE)}
  Kafka            {self.bootstrap}
  the providers    {self.simulator.url}
  logs             {self.folder}

  export SYNC_FLEET_KEY={self.key}

  # sync {account} again
  curl -sS {self.api}/v1/syncs -H "Authorization: Bearer $SYNC_FLEET_KEY" -H 'Content-Type: application/json' \\
       -d '{{"provider": "practicepanther", "connection_id": "{connection}", "mode": "full"}}'
  # the admin's page of PracticePanther, as anna sees it
  curl -sS {self.api}/api/admin/pp-token/status -H 'Authorization: Bearer {systems.token(SECRET, "anna", "admin", life_s=WEEK)}'
  # all syncs; what is in quarantine
  curl -sS {self.api}/v1/syncs -H "Authorization: Bearer $SYNC_FLEET_KEY"
  curl -sS {self.api}/v1/dead-records -H "Authorization: Bearer $SYNC_FLEET_KEY"
  # what is in quarantine is tried again
  curl -sS {self.api}/v1/dead-records/replay -H "Authorization: Bearer $SYNC_FLEET_KEY" -H 'Content-Type: application/json' \\
       -d '{{"connection_id": "{connection}", "resource": "contacts"}}'
  # the operator's commands
  export {ctl}
  {self.programs.path("syncctl")} get connections
  # the result events
  kcat -C -b {self.bootstrap} -t sync.results
  # an account that is throttled three times, and a record that cannot be stored; then sync it again
  curl -sS {self.simulator.url}/control/accounts/{account}/dials \\
       -d '[{{"dial": "throttle", "times": 3, "retry_after": "1"}}, {{"dial": "nul_text", "resource": "tasks"}}]'
  # other ways to misbehave
  curl -sS {self.simulator.url}/control/dials

  ./fleet down ends it all."""


def demo():
    began = time.monotonic()
    ledger = ledgers.Ledger("demo")
    try:
        stage = Stage(ledger)
        stage.show()
    finally:
        ledger.close()
    show.title(f"Done in {time.monotonic() - began:.1f} s; nothing was left running.")


def up():
    state = ledgers.read(UP)
    if state and "told" in state["notes"] and all(ledgers.start_time(pid) == began for _, pid, began, _ in state["processes"]):
        show.title("It is up already.")
        print(state["notes"]["told"])
        return
    ledgers.clean_up(UP)
    ledger = ledgers.Ledger("up", stays=True)
    try:
        stage = Stage(ledger, death=None)
        stage.show()
        ledger.note(told=stage.notes())
    except BaseException:
        ledger.close()
        raise
    show.title("The fleet is up.")
    print(stage.notes())


def down():
    was_up = ledgers.read(UP) is not None
    ledgers.clean_up(UP)
    show.title("The fleet is down." if was_up else "Nothing was up.")


def main():
    # Python's own way out, so that every `finally` runs.
    for signo in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, lambda number, _: sys.exit(128 + number))
    ledgers.clean_up_leftovers()
    try:
        {"demo": demo, "up": up, "down": down}[sys.argv[1]]()
    except (HarnessError, subprocess.SubprocessError) as error:
        sys.exit(f"fleet: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
