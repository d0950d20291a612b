# SPDX-License-Identifier: Apache-2.0
"""`fleet demo`, `fleet up` and `fleet down`: a private fleet with simulated providers. Standard library only."""
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import show  # noqa: E402 (the path above comes first)
from harness import ledger as ledgers  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.process import HarnessError  # noqa: E402
from harness.programs import CRYPTO_KEYS, Programs, variable  # noqa: E402
from harness.setup import Ctl, ProviderSimulator, http_json, topics_of  # noqa: E402

DATABASE = "sync_fleet"
WORKERS = 2
PROVIDERS = ledgers.ROOT / "common" / "providers"
PARTITIONS = 2
# Enough pages at this latency that the bars can be watched for some seconds.
ACCOUNTS = {"smith-law": ("practicepanther", {"contacts": 6000, "matters": 3000, "tasks": 9000}),
            "baker-legal": ("practicepanther", {"contacts": 2500, "matters": 1200, "tasks": 3000}),
            "hill-partners": ("zoho", {"leads": 6000, "contacts": 4000, "accounts": 1000, "deals": 2400})}
LATENCY_MS = 30
TROUBLES = {"smith-law": [{"dial": "throttle", "resource": "matters", "after": 5, "retry_after": "2"},
                          {"dial": "nul_text", "resource": "contacts", "after": 2}]}
PARK_AFTER_MS = 500  # so that a wait of two seconds gives its slot back, as one of minutes does in a real fleet
SAMPLES = (
    "select display_name, email, phone_mobile, status, synced_at::timestamp(0) from practicepanther_contacts "
    "order by connection_id, id limit 4",
    "select deal_name, account_name, stage, amount, closing_date, modified_time from zoho_deals order by connection_id, id limit 4")
UP = ledgers.RUNS / "up.json"


class Stage:
    """Everything that runs. death=None: it outlives this command."""

    def __init__(self, ledger, death="KILL"):
        self.folder = ledger.make_folder()
        self.programs = Programs(ledger, self.folder, ledgers.ROOT / "build" / "release", death)
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
        for account, (_, records) in ACCOUNTS.items():
            self.simulator.account(account, records=records, latency_ms=LATENCY_MS, dials=TROUBLES.get(account, []))
        ids = self.ctl.connections([{"tenant": "demo", "provider": provider, "external_id": account,
                                     **self.simulator.secret(account)} for account, (provider, _) in ACCOUNTS.items()])
        self.connections = dict(zip(ACCOUNTS, ids))

    def _start_programs(self):
        # The mock cluster's groups need a session time-out of this size.
        common = {**self.settings, "kafka.properties": "session.timeout.ms=4500", "log.format": "json", "admin.listen": "127.0.0.1:0"}
        producer = self.programs.start("sync-producer", settings={**common, "http.listen": "127.0.0.1:0"})
        workers = [self.programs.start("sync-worker", settings={
            **common, "providers.origins": self.simulator.origins(), "http.allow_plain_loopback": True,
            "retry.park_after_ms": PARK_AFTER_MS}) for _ in range(WORKERS)]
        self.api = f"http://{producer.address('http')}"
        self.admin = [f"http://{process.address('admin')}" for process in (producer, *workers)]

    def call(self, method, path, body=None):
        return http_json(method, self.api + path, body, {"Authorization": f"Bearer {self.key}"})

    def sync_all(self):
        """Asks for a sync of every connection and shows how it goes."""
        syncs = {}
        for account, connection in self.connections.items():
            provider, records = ACCOUNTS[account]
            answer = self.call("POST", "/v1/syncs", {"provider": provider, "connection_id": connection, "mode": "full"})
            syncs[answer["sync_id"]] = (account, records)
        return show.progress(syncs, lambda sync: self.call("GET", f"/v1/syncs/{sync}"))

    def show(self):
        show.title("Syncing two accounts of PracticePanther and one of Zoho CRM")
        self.sync_all()
        show.title("What is in PostgreSQL")
        names = sorted({f"{provider}_{resource}" for provider, records in ACCOUNTS.values() for resource in records})
        show.tables(self.postgres, DATABASE, names, SAMPLES)
        show.title("What could not be stored, and why (syncctl get records)")
        show.quarantine(self.ctl("get", "records"))
        show.title("The result events, as a consumer reads them")
        show.events(self.bootstrap, "sync.results")

    def notes(self):
        account, connection = next(iter(self.connections.items()))
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
