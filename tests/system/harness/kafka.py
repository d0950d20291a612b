# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka broker in KRaft mode, one process, from the jars that tests/system/kafka/pom.xml names."""
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from .process import HarnessError, Process, accepts_connections, free_port, wait_until

POM = Path(__file__).resolve().parents[1] / "kafka" / "pom.xml"
JAVA = ["java", "-Xms64m", "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]

PASSWORD = "canary-of-kafka-3e71b6"  # of the user fleet, at the address sasl

# A thread that answers a request wakes others: with more of them than cores the broker switches between them all the time
# (Kafka's defaults, three and eight, took 8 to 19 % more CPU for the same work on two cores).
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
 user_fleet="{password}";
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
num.network.threads=1
num.io.threads={threads}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=200
"""


def jars():
    """The folder of the broker's jars; the first call on a machine brings them through Maven."""
    version = re.search(r"<artifactId>kafka-broker</artifactId>\s*<version>([^<]+)", POM.read_text()).group(1)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sync-fleet"
    folder = cache / f"kafka-{version}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        draft = tempfile.mkdtemp(dir=cache)
        done = subprocess.run(["mvn", "-q", "-B", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={draft}",
                               "-DincludeScope=runtime"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            shutil.rmtree(draft)
            raise HarnessError(f"Maven did not bring the broker's jars: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        try:
            os.rename(draft, folder)
        except OSError:  # another run was faster
            shutil.rmtree(draft)
    return folder


class Kafka:
    """start() and stop() may alternate on the same data and ports, which is how tests restart the broker."""

    def __init__(self, ledger, log, java=JAVA):
        self.ledger, self.log, self.java = ledger, log, java
        self.folder = ledger.make_folder()
        self.port, self.sasl_port, self.controller_port = free_port(), free_port(), free_port()
        self.process = None
        self.jars = jars()
        self.properties = self.folder / "server.properties"
        self.properties.write_text(PROPERTIES.format(port=self.port, sasl_port=self.sasl_port, password=PASSWORD,
                                                     controller_port=self.controller_port, folder=self.folder,
                                                     threads=max(2, os.cpu_count())))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run([*JAVA, "-cp", f"{self.jars}/*", "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c",
                               self.properties], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HarnessError(f"Kafka's storage could not be formatted: {done.stdout}{done.stderr}")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def sasl(self):
        """The same broker for who gives a password."""
        return f"127.0.0.1:{self.sasl_port}"

    def start(self, timeout=60.0):
        self.process = Process("kafka", [*self.java, "-cp", f"{self.jars}/*", "kafka.Kafka", self.properties], self.log, self.ledger)
        wait_until(self._listening, timeout, "Kafka to listen", self.process.tail)
        return self

    def stop(self):
        if self.process:
            self.process.stop(timeout=30)

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        return self.start()

    def _listening(self):
        if not self.process.running:
            raise HarnessError(f"Kafka did not start\n{self.process.tail()}")
        return accepts_connections(self.port)
