# SPDX-License-Identifier: Apache-2.0
"""A fleet for one test: its own database, topics, simulator and programs, and the words that tests tell their story in."""
import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, replace

import psycopg2
import psycopg2.extras

from . import tokens
from .programs import CRYPTO_KEYS, Programs
from .process import HarnessError, wait_until
from .setup import Ctl, ProviderSimulator, topics_of
from .topics import Topics
from .ledger import ROOT

FINAL = ("completed", "failed", "cancelled")

PROVIDERS = ROOT / "common" / "providers"

# Waits that are seconds in production, so short that a test sees them, yet long enough for two busy cores.
COMMON_SETTINGS = {"log.level": "debug", "log.format": "json", "admin.listen": "127.0.0.1:0"}
PRODUCER_SETTINGS = {"http.listen": "127.0.0.1:0", "clock.tick_ms": 50, "dispatch.retry_ms": 1000,
                     "workers.dead_after_ms": 2000, "outbox.resend_after_ms": 500}
WORKER_SETTINGS = {"heartbeat.interval_ms": 200, "heartbeat.stop_after_ms": 1000, "http.allow_plain_loopback": True,
                   "retry.base_ms": 50}

# For start_producer and start_worker: whoever was killed is missed within about a second, by Kafka as by the clock.
PRODUCER_SOON = {"workers__dead_after_ms": 1000, "dispatch__retry_ms": 500,
                 "kafka__properties": "session.timeout.ms=1000;heartbeat.interval.ms=200"}
WORKER_SOON = {"heartbeat__interval_ms": 100, "heartbeat__stop_after_ms": 600,
               "kafka__properties": "session.timeout.ms=1000;heartbeat.interval.ms=200"}

# For start_producer: takes the tokens of Tenant.user.
USERS = {"auth__jwt_secret": tokens.SECRET, "auth__jwt_issuer": tokens.ISSUER, "auth__jwt_audience": tokens.AUDIENCE}


# Tables that are not called after provider and resource.
TABLES = {("highlevel", "call_logs"): "highlevel_calls", ("amazon", "orders"): "amazon_order_records",
          ("amazon", "order_items"): "amazon_order_item_records", ("amazon", "inventory"): "amazon_inventory_summaries", ("google", "messages"): "sync_email_messages",
          ("google", "events"): "sync_calendar_events"}


def table_of(provider, resource):
    return TABLES.get((provider, resource), f"{provider}_{resource}")


@dataclass
class Answer:
    """An HTTP response; `body` is the parsed JSON, or the text when it is none."""
    status: int
    headers: dict
    body: object


@dataclass
class Connection:
    """An account at a provider that a tenant has connected."""
    id: str
    tenant: "Tenant"
    provider: str
    account: str


@dataclass
class Tenant:
    """Whoever owns connections and a service key."""
    fleet: "Fleet"
    name: str
    id: str
    key: str

    def api(self, method, path, body=None, headers=None, key=None):
        """Calls the HTTP service with this tenant's key; any status is an answer, none raises. Bytes are sent as they are."""
        return self.fleet.http(method, self.fleet.producer_url + path, body, headers, self.key if key is None else key)

    def user(self, name, role=None):
        """Somebody of this tenant who calls with a token of his own; the producer needs USERS."""
        return replace(self, key=tokens.token(subject=name, tenant=self.name, role=role))

    def connection(self, account, provider="practicepanther", own=None, **settings):
        """Connects an account of the simulator; settings are the account's there: records={"contacts": 250}, latency_ms=...
        `own` are the connection's: {"data_centre": "eu"}."""
        self.fleet.simulator.account(account, **settings)
        return self.connections([account], provider, own)[0]

    def connections(self, accounts, provider="practicepanther", own=None):
        """Connects many accounts that the simulator has already."""
        made = self.fleet.ctl.connections([{"tenant": self.name, "provider": provider, "external_id": account,
                                            **({"settings": own} if own else {}),
                                            **self.fleet.simulator.secret(account)} for account in accounts])
        return [Connection(id, self, provider, account) for id, account in zip(made, accounts)]

    def sync(self, connection, resources=None, mode=None):
        """Asks for a sync over HTTP and returns its id."""
        body = {"provider": connection.provider, "connection_id": connection.id, "resources": resources, "mode": mode}
        answer = self.api("POST", "/v1/syncs", {name: value for name, value in body.items() if value is not None})
        if answer.status != 202:
            raise HarnessError(f"POST /v1/syncs: {answer}")
        return answer.body["sync_id"]


class Fleet:
    """Everything of one test. Programs are started by the test; what it does not stop is killed at its end."""

    def __init__(self, name, postgres, kafka, ledger, logs):
        self.name, self.postgres, self.kafka = name, postgres, kafka
        self.database = f"sf_{name}"
        postgres.create_database(self.database, "sf_template")
        self.topics = Topics(kafka.address, f"{name}.")
        self.programs = Programs(ledger, logs)
        self.common = {**COMMON_SETTINGS, "database.url": postgres.url(self.database), "crypto.keys": CRYPTO_KEYS,
                       "kafka.bootstrap_servers": kafka.address, "kafka.topic_prefix": self.topics.prefix,
                       "providers.dir": PROVIDERS}
        self.ctl = Ctl(self.programs, self.common)
        self.producer, self.workers, self.processes = None, [], []
        self._simulator = self._session = None
        self.topics.create(*topics_of(PROVIDERS))
        self.tenant = self.new_tenant("first")

    # --- programs ---

    @property
    def simulator(self):
        """The providers' APIs, started at the first use."""
        if self._simulator is None:
            self._simulator = ProviderSimulator(self.programs)
            self.processes.append(self._simulator.process)
        return self._simulator

    def start_producer(self, env=None, **settings):
        """Starts a producer and waits until it serves; settings by name with __ for a dot (clock__tick_ms=20)."""
        self.producer = self._start("sync-producer", {**PRODUCER_SETTINGS, "kafka.group": f"{self.name}.producers"}, env, settings)
        self.wait_until(lambda: self._is_ready(self.producer), what="the producer to be ready")
        return self.producer

    def start_worker(self, env=None, **settings):
        own = {**WORKER_SETTINGS, "kafka.group": f"{self.name}.workers", "providers.origins": self.simulator.origins()}
        worker = self._start("sync-worker", own, env, settings)
        self.workers.append(worker)
        return worker

    def start(self, workers=1):
        """A producer and so many workers, with the test settings."""
        self.start_producer()
        for _ in range(workers):
            self.start_worker()
        return self

    def restart(self, process, env=None, **settings):
        """Starts the same program again (after a kill, say) with the same settings, changed by those given."""
        start = self.start_producer if process is self.producer else self.start_worker
        if process.running:
            process.stop()
        if process in self.workers:
            self.workers.remove(process)
        return start(env=env, **{**process.asked, **settings})

    def with_failpoint(self, name, nth=1):
        """The environment that makes a program kill itself when it passes that failpoint for the nth time."""
        return {"SYNCFLEET_FAILPOINT": f"{name}:{nth}"}

    def _start(self, program, own, env, asked):
        settings = {**self.common, **own, **{name.replace("__", "."): value for name, value in asked.items()}}
        process = self.programs.start(program, settings=settings, env=env)
        process.asked = asked
        self.processes.append(process)
        process.address("admin")
        return process

    def _is_ready(self, process):
        """Ready, or ended, as a failpoint may have it."""
        try:
            return self.admin(process, "/readyz").status == 200
        except OSError:
            return not process.running

    # --- what tests do ---

    def new_tenant(self, name):
        return Tenant(self, name, self.ctl.tenant(name), self.ctl.key(name))

    def api(self, method, path, body=None, **how):
        return self.tenant.api(method, path, body, **how)

    def connection(self, account, provider="practicepanther", own=None, **settings):
        return self.tenant.connection(account, provider, own, **settings)

    def sync(self, connection, resources=None, mode=None):
        return connection.tenant.sync(connection, resources, mode)

    def request_by_kafka(self, connection, resources=None, mode=None, headers=None, **more):
        """The same request on sync.requests, as CloudEvents' binary mode has it; returns the event's id."""
        event = str(uuid.uuid4())
        body = {"provider": connection.provider, "connection_id": connection.id, "tenant_id": connection.tenant.id,
                "resources": resources, "mode": mode, **more}
        defaults = {"ce_specversion": "1.0", "ce_id": event, "ce_source": "/tests", "ce_type": "io.syncfleet.sync.requested.v1",
                    "content-type": "application/json"}
        self.produce("sync.requests", {name: value for name, value in body.items() if value is not None},
                     key=connection.id, headers={**defaults, **(headers or {})})
        return event

    def produce(self, topic, value, key=None, headers=None, partition=None):
        """Writes a message; dicts are sent as JSON, bytes as they are."""
        data = value if isinstance(value, (bytes, type(None))) else json.dumps(value).encode()
        self.topics.produce(topic, data, key, headers, partition)

    def messages(self, topic):
        """All messages of a topic so far, with key, value (bytes) and headers."""
        return self.topics.read(topic)

    def results(self, distinct=True):
        """All result events so far as dicts, in the order read; distinct drops repeated event ids, as consumers must."""
        events = [json.loads(message.value) for message in self.messages("sync.results")]
        return list({event["event_id"]: event for event in reversed(events)}.values())[::-1] if distinct else events

    def sql(self, query, *arguments):
        """Runs one statement in a transaction of its own, as the database's owner. Rows are dicts by column."""
        if self._session is None or self._session.closed:
            self._session = self.another_session()
        try:
            with self._session.cursor() as cursor:
                cursor.execute(query, arguments or None)
                return [dict(row) for row in cursor.fetchall()] if cursor.description else []
        except psycopg2.OperationalError:
            self._session.close()
            raise

    def restart_postgres(self, how):
        """SIGINT: in good order; SIGQUIT: as a crash."""
        self.postgres.restart(how)
        self._session.close()

    def send_events_again_after(self, ms):
        """For every session from now on; workers have no setting of their own for it."""
        self.postgres.psql(f"alter database {self.database} set syncfleet.outbox_resend_ms = {ms:d}")

    def syncs(self):
        return [row["sync_id"] for row in self.sql("select sync_id from syncs order by sync_id")]

    def wait_for_rest(self, timeout=60.0):
        """Waits until nothing is left to do: every task has ended, every event was acknowledged and cleared."""
        self.wait_until(lambda: self.value("select not exists (select from sync_tasks where ended_at is null) "
                                           "and not exists (select from outbox)"), timeout, "everything to be done")

    def waits_for_lock(self, application):
        """Whether a session of that name waits for another's lock."""
        return self.value("select exists (select from pg_stat_activity where datname = current_database() "
                          "and application_name = %s and wait_event_type = 'Lock')", application)

    def another_session(self):
        session = psycopg2.connect(self.postgres.url(self.database), cursor_factory=psycopg2.extras.RealDictCursor)
        session.autocommit = True
        return session

    def value(self, query, *arguments):
        """The only value of the only row."""
        (row,) = self.sql(query, *arguments)
        (only,) = row.values()
        return only

    def http(self, method, url, body=None, headers=None, key=None):
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        given = {"Content-Type": "application/json"} if data is not None else {}
        given.update({"Authorization": f"Bearer {key}"} if key else {})
        request = urllib.request.Request(url, data=data, method=method, headers={**given, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return self._answer(response)
        except urllib.error.HTTPError as error:
            return self._answer(error)

    @property
    def producer_url(self):
        return f"http://{self.producer.address('http')}"

    def admin(self, process, path):
        """What a program's admin port says, for example admin(worker, "/metrics")."""
        return self.http("GET", f"http://{process.address('admin')}{path}")

    # --- what tests wait for ---

    def wait_until(self, predicate, timeout=20.0, what="the condition"):
        return wait_until(predicate, timeout, what, self.evidence)

    def wait_for_sync(self, sync, timeout=30.0, state=None):
        """Waits until the sync has ended (in `state`, when given) and returns its row."""
        def ended():
            (row,) = self.sql("select * from syncs where sync_id = %s", sync)
            return row if row["state"] in FINAL else None
        row = self.wait_until(ended, timeout, f"the end of sync {sync}")
        if state not in (None, row["state"]):
            raise HarnessError(f"sync {sync} is {row['state']}, not {state}\n{self.evidence()}")
        return row

    def wait_for_events(self, syncs, timeout=20.0):
        """Waits until the end events of the syncs and of their tasks can be read, in any order, and returns all results."""
        wanted = {*syncs, *(task["task_id"] for task in self.tasks(*syncs))}
        def all_there():
            events = self.results()
            return events if wanted <= {event["sync_id"] or event["task_id"] for event in events} else None
        return self.wait_until(all_there, timeout, f"the end events of {len(syncs)} syncs and their tasks")

    def tasks(self, *syncs):
        """Task rows, all or those that served the given syncs."""
        if not syncs:
            return self.sql("select * from sync_tasks order by task_id")
        return self.sql("select * from sync_tasks where task_id in (select task_id from sync_members "
                        "where sync_id = any(%s::uuid[])) order by task_id", list(syncs))

    def rows(self, connection, provider, resource):
        """The stored records of one connection that are not deleted."""
        return self.sql(f"select * from {table_of(provider, resource)} where connection_id = %s and deleted_at is null order by id",
                        connection)

    def evidence(self):
        """Where everything stands: task rows and each program's last lines. For the message of a failure."""
        try:
            rows = self.sql("select task_id, provider, resource, state, dispatch, epoch, page, attempts, wait_reason, error_class, "
                            "error_message from sync_tasks order by task_id desc limit 30")
        except psycopg2.Error as error:
            rows = [{"no task rows": str(error)}]
        return "\n".join(["--- the last tasks", *map(str, rows), *(process.tail(15) for process in self.processes)])

    def close(self):
        """Kills what still runs, the last first, and drops the database."""
        for process in reversed(self.processes):
            process.kill()
        self.topics.delete_all()
        self.topics.close()
        if self._session is not None:
            self._session.close()
        self.postgres.psql(f"drop database if exists {self.database} with (force)")

    @staticmethod
    def _answer(response):
        text = response.read().decode()
        try:
            body = json.loads(text)
        except json.JSONDecodeError:
            body = text
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)
