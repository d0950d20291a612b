# SPDX-License-Identifier: Apache-2.0
"""What a declaration is run on: a private PostgreSQL, a broker, the API made from the declaration, a producer and a worker."""
import json
import time
import urllib.request
from decimal import Decimal

from harness.postgres import OWNER, Postgres
from harness.process import HarnessError, wait_until
from harness.programs import CRYPTO_KEYS
from harness.setup import Ctl, ProviderSimulator, http_json, topics_of

DATABASE = "conform"
POLL_SECONDS = 0.1
DEADLINE_SECONDS = 60
FINAL = ("completed", "failed", "cancelled")
# Backoffs are short, so that a walk that has to wait ends soon; the waits that a provider asks for stay as they are. One
# provider has all the troubles there are at once: its breaker stays closed.
WORKER = {"http.allow_plain_loopback": True, "retry.base_ms": 50, "heartbeat.interval_ms": 500, "breaker.failures": 1000000}


class DoesNotHold(Exception):
    """What was expected did not happen. `key` is where to look, when that is not what the check says anyway."""

    def __init__(self, text, key=None):
        super().__init__(text)
        self.key = key


class BadDeclaration(Exception):
    """The declaration cannot be read; the text says file, line and key."""


def read_plan(programs, file, runnable):
    done = programs.run("declaration-plan", file, runnable)
    if done.returncode != 0:
        raise BadDeclaration(done.stderr.strip())
    return json.loads(done.stdout)


def is_run(resource):
    return not resource["cannot"] and not resource["untried"]


class Bed:
    def __init__(self, ledger, programs, plan, providers):
        self.plan, self.programs = plan, programs
        self.connections = {}
        self.postgres = Postgres(ledger, programs.logs / "postgres.log").start()
        self.postgres.create_database(DATABASE)
        broker = programs.start("demo-broker", [f"{topic}:1" for topic in topics_of(providers)])
        self.simulator = ProviderSimulator(programs, "--declaration", providers / f"{plan['name']}.cfg")
        self.settings = {"database.url": self.postgres.url(DATABASE), "kafka.bootstrap_servers": broker.address(),
                         "crypto.keys": CRYPTO_KEYS, "providers.dir": providers}
        self.ctl = Ctl(programs, self.settings)
        self.ctl.migrate()
        for resource in self.plan["resources"]:
            if is_run(resource):
                self.sql(resource["create"])
                for limit in self.plan["limits"]:
                    self.sql(f"create table {resource['table']}_l{limit['suffix']} (like {resource['table']} including all)")
        self.ctl.tenant("conform")
        self.key = self.ctl.key("conform")

    def runnable(self):
        return [resource for resource in self.plan["resources"] if is_run(resource) and resource.get("made", True)]

    def start(self):
        # The mock cluster's groups need a session time-out of this size.
        common = {**self.settings, "kafka.properties": "session.timeout.ms=4500", "log.format": "json", "admin.listen": "127.0.0.1:0"}
        producer = self.programs.start("sync-producer", settings={**common, "http.listen": "127.0.0.1:0", "clock.tick_ms": 50})
        worker = self.programs.start("sync-worker", settings={
            **common, **WORKER, "providers.origins": ",".join(f"{name}={self.simulator.url}" for name in self._providers())})
        self.api = f"http://{producer.address('http')}"
        self.running = (producer, worker)
        for program in self.running:
            self._wait_until_ready(program)

    def _wait_until_ready(self, program):
        try:
            wait_until(lambda: self._is_ready(f"http://{program.address('admin')}/readyz"), what=f"{program.name} to be ready")
        except HarnessError:
            if program.running:
                raise
            said = program.events()[-1:] or [{"error": program.tail(1).splitlines()[-1]}]
            raise DoesNotHold(next((str(said[0][name]) for name in ("error", "message") if name in said[0]), str(said[0]))) from None

    @staticmethod
    def _is_ready(url):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _providers(self):
        return [self.plan["name"], *(limit["provider"] for limit in self.plan["limits"])]

    def sql(self, text):
        return self.postgres.psql(text, DATABASE, user=OWNER)

    def connect(self, accounts):
        """Makes the accounts: {name: (provider, the simulator's settings, seconds that the token has left, how many
        elements a setting has whose elements are parents)}."""
        settings = {name: f"conform-{name}" for name in self.plan["settings"]}
        wanted = []
        lists = {resource["parent_setting"] for resource in self.plan["resources"]} - {None}
        for name, (provider, account, life_s, parents) in accounts.items():
            self.simulator.account(name, **account)
            if lists:
                self.script(name, parents=parents)
            elements = {each: [f"conform-{number}" for number in range(parents)] for each in lists}
            wanted.append({"tenant": "conform", "provider": provider, "external_id": name, "settings": {**settings, **elements},
                           **self.simulator.secret(name), **({} if life_s is None else {"expires_in": life_s})})
        self.connections = dict(zip(accounts, self.ctl.connections(wanted)))
        self.providers = {name: provider for name, (provider, *_) in accounts.items()}

    def ancestors(self, resource):
        """The resources whose records it hangs on, the first one first."""
        by_name = {each["name"]: each for each in self.plan["resources"]}
        found = []
        while resource["parent"]:
            resource = by_name[resource["parent"]]
            found.insert(0, resource)
        return found

    def script(self, account, **what):
        http_json("POST", f"{self.simulator.url}/control/accounts/{account}/script", what)

    def call(self, method, path, body=None):
        return http_json(method, self.api + path, body, {"Authorization": f"Bearer {self.key}"})

    def sync(self, account, resource, mode="full"):
        body = {"provider": self.providers[account], "connection_id": self.connections[account], "mode": mode, "resources": [resource["name"]]}
        return self.call("POST", "/v1/syncs", body)["sync_id"]

    def wait(self, account, sync, calls, nudge=False, give_up=False):
        """The task when it has ended. A walk of more than `calls` calls does not end.

        nudge: long waits are cut short. give_up: a task that is parked is cancelled.
        """
        deadline = time.monotonic() + DEADLINE_SECONDS
        waits = []
        while True:
            for program in self.running:
                if not program.running:
                    raise HarnessError(f"{program.name} ended, which is no declaration's fault\n{program.tail()}")
            (task,) = self.call("GET", f"/v1/syncs/{sync}")["tasks"]
            if task["state"] in FINAL:
                return {**task, "waits": waits, "error": task["error"] or {"class": None, "message": None}}
            if task["state"] == "waiting" and nudge and task["waits_until"]:
                waits.append((task["waits_for"], task["waits_until"], time.time()))
                self._cut_short(account, task)
            if task["state"] == "waiting" and give_up:
                self._cancel(sync)
                return {**task, "waits": waits, "error": {"class": None, "message": None}}
            asked = self.simulator.state(account)["requests"]
            if asked > calls or time.monotonic() > deadline:
                self._cancel(sync)
                raise DoesNotHold(f"it does not end: {asked} calls, {task['state']}"
                                  + (f" for {task['waits_for']} until {task['waits_until']}" if task["waits_for"] else ""))
            time.sleep(POLL_SECONDS)

    def _cancel(self, sync):
        """It may end by itself meanwhile."""
        try:
            self.call("POST", f"/v1/syncs/{sync}/cancel")
        except HarnessError as error:
            if ": 409 " not in str(error):
                raise

    def _cut_short(self, account, task):
        self.sql(f"update connections set refresh_after = null where connection_id = '{self.connections[account]}'; "
                 f"update sync_tasks set due_at = now() where task_id = '{task['task_id']}' and state = 'waiting'")

    def log(self, account):
        return self.simulator.log(account)

    def rows(self, account, resource):
        text = self.sql(f"select row_to_json(t) from {resource['table']} t where connection_id = '{self.connections[account]}' "
                        "and deleted_at is null order by id")
        return [json.loads(line, parse_float=Decimal) for line in text.splitlines()]

    def served(self, account, resource):
        return self.simulator.rows(account, resource["name"])

    def connection_state(self, account):
        return self.sql(f"select status from connections where connection_id = '{self.connections[account]}'")
