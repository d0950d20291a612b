# SPDX-License-Identifier: Apache-2.0
"""What every benchmark stands on: PostgreSQL with default settings, a broker, the simulator, and fleets of a release build."""
import json
import resource
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from harness import ledger as ledgers  # noqa: E402 (the path above comes first)
from harness.kafka import Kafka, jars  # noqa: E402
from harness.postgres import Postgres  # noqa: E402
from harness.process import HarnessError, wait_until  # noqa: E402
from harness.programs import CRYPTO_KEYS, Programs  # noqa: E402
from harness.setup import Ctl, ProviderSimulator, topics_of  # noqa: E402

ROOT = ledgers.ROOT
STATE = ROOT / ".fleet" / "bench"
TEMPLATE = "sf_template"
TOKEN = "perf-token"  # what the simulator's bench API takes for every account
PARTITIONS = 12
DEMO_BROKER_TOPICS = {**{topic: 1 for topic in topics_of(ROOT / "common" / "providers")},
                      "sync.requests": 4, "sync.results": 12, "sync.tasks.bench": 12}


def say(text):
    print(text, file=sys.stderr, flush=True)


def _kafka_can_run():
    try:
        return shutil.which("java") is not None and jars().is_dir()
    except (OSError, HarnessError) as error:
        say(f"bench: without Apache Kafka: {error}")
        return False


def _answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


# With the JVM's optimising compiler, unlike the tests' broker, which only has to start quickly.
JAVA = ["java", "-Xms256m", "-Xmx256m", "-XX:+UseSerialGC"]


class Bed:
    """PostgreSQL and the broker, which all fleets of a run share one after the other."""

    def __init__(self, ledger, options):
        self.options, self.ledger = options, ledger
        logs = STATE / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        self.folder = ledger.make_folder()
        self.programs = Programs(ledger, logs, options.build)
        self.postgres = Postgres(ledger, logs / "postgres.log")
        self.postgres.settings = {"listen_addresses": "127.0.0.1"}  # else all is as installed: fsync too
        if options.statements:
            self.postgres.settings.update({"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "all"})
        self.postgres.start()
        self._start_broker(logs)
        self.postgres.create_database(TEMPLATE)
        Ctl(self.programs, {"database.url": self.postgres.url(TEMPLATE)}).migrate()
        if options.statements:
            self.postgres.psql("create extension pg_stat_statements", TEMPLATE)

    def _start_broker(self, logs):
        if not self.options.demo_broker and _kafka_can_run():
            broker = Kafka(self.ledger, logs / "kafka.log", JAVA).start()
            self.bootstrap, self.broker, self.properties = broker.address, broker.process, ""
            self.broker_name = "Apache Kafka"
            Ctl(self.programs, {"kafka.bootstrap_servers": self.bootstrap, "providers.dir": ROOT / "common" / "providers"})(
                "topics", "create", f"--partitions={PARTITIONS}")
            return
        self.broker = self.programs.start("demo-broker", [f"{topic}:{count}" for topic, count in DEMO_BROKER_TOPICS.items()])
        self.bootstrap, self.properties = self.broker.address(), "session.timeout.ms=6000"
        self.broker_name = "librdkafka's mock cluster, not Kafka"

    def fresh_database(self, name, template=None):
        """An empty database, or a copy of the migrated one, with nothing left to write from before."""
        self.drop_database(name)
        self.postgres.create_database(name, template)
        self.postgres.psql("checkpoint")

    def drop_database(self, name):
        self.postgres.psql(f"drop database if exists {name} with (force)")

    def simulator(self, records):
        return ProviderSimulator(self.programs, "--bench-records", records)


class BenchFleet:
    """A producer and workers, with default settings but for `worker_settings`, on a database of their own. Use as a context."""

    def __init__(self, bed, simulator, accounts, workers=1, worker_settings=None):
        self.bed, self.simulator, self.database = bed, simulator, "sf_bench"
        bed.fresh_database(self.database, TEMPLATE)
        self.settings = {"database.url": bed.postgres.url(self.database), "kafka.bootstrap_servers": bed.bootstrap,
                         "kafka.properties": bed.properties or None, "crypto.keys": CRYPTO_KEYS,
                         "providers.dir": ROOT / "common" / "providers", "log.format": "json", "admin.listen": "127.0.0.1:0"}
        self.ctl = Ctl(bed.programs, self.settings)
        self.ctl.tenant("bench")
        self.key = self.ctl.key("bench")
        self.simulator.account("warm", records={"contacts": 1})
        self.warm, *self.connections = self._connect(["warm", *accounts])
        self.producer = bed.programs.start("sync-producer", settings={**self.settings, "http.listen": "127.0.0.1:0"})
        self.address = self.producer.address("http")
        self.workers = [bed.programs.start("sync-worker", settings={
            **self.settings, "providers.origins": simulator.origins(), "http.allow_plain_loopback": True,
            **(worker_settings or {})}) for _ in range(workers)]

    def __enter__(self):
        for process in (self.producer, *self.workers):
            wait_until(lambda url=f"http://{process.address('admin')}/readyz": _answers(url), 60, "the fleet to be ready")
        # Partitions are assigned; after this all connections are open too.
        if self.load([self.warm], once=1, seconds=60)["completed"] != 1:
            raise HarnessError(f"the first sync did not end within a minute; logs: {STATE / 'logs'}")
        return self

    def __exit__(self, kind, error, trace):
        if error:
            say(f"bench: {error}")
        for process in (self.producer, *self.workers):
            try:
                process.stop()
            except HarnessError as unwilling:
                say(str(unwilling))  # it is dead now; what it did before counts
        self.bed.drop_database(self.database)

    def groups(self):
        """Whose CPU is metered, and which of these are trees."""
        return {"worker": self.workers, "producer": [self.producer], "PostgreSQL": [self.bed.postgres.process],
                "Kafka": [self.bed.broker], "simulator": [self.simulator.process]}, ("PostgreSQL",)

    def load(self, accounts, **how):
        """Runs sync-load over connection ids and returns what it counted; how: rate=, in_flight=, once=, seconds=, ... (sync-load's flags)."""
        listed = self.bed.folder / "connections"
        listed.write_text("".join(f"{connection}\n" for connection in accounts))
        if how.get("once"):
            how = {"seconds": 3600, "drain": 0, **how}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in how.items()]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([self.bed.programs.build / "tests" / "bench" / "sync-load", f"--address={self.address}",
                               f"--key={self.key}", f"--kafka={self.bed.bootstrap}", f"--accounts={listed}", *flags],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HarnessError(f"sync-load: {done.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        counted = json.loads(done.stdout)
        counted["cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if counted["rejected"]:
            raise HarnessError(f"{counted['rejected']} requests were refused: {counted['refusal']}")
        return counted

    def value(self, sql):
        return self.bed.postgres.psql(sql, self.database)

    def _connect(self, accounts):
        return self.ctl.connections([{"tenant": "bench", "provider": "bench", "external_id": account, "access_token": TOKEN}
                                     for account in accounts])
