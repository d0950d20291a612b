# SPDX-License-Identifier: Apache-2.0
"""Reading and writing topics as other systems do."""
import threading
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from .process import HarnessError, wait_until


@dataclass
class Message:
    partition: int
    offset: int
    key: str
    value: bytes
    headers: dict
    timestamp_ms: int


def _headers(pairs):
    return {name: value.decode(errors="replace") if value is not None else None for name, value in pairs or []}


def let_go(client):
    """librdkafka 2.0.2 sometimes waits for ever for one of its own threads; the tests go on without it."""
    closing = threading.Thread(target=client.close, daemon=True)
    closing.start()
    closing.join(10)


class TopicReader:
    """All messages of a topic from its beginning; each read() adds what has arrived since."""

    def __init__(self, bootstrap, topic):
        settings = {"bootstrap.servers": bootstrap, "group.id": "tests", "enable.auto.commit": False, "log_level": 0,
                    "auto.offset.reset": "earliest", "fetch.wait.max.ms": 20}
        self.topic = topic
        self.messages = []
        self.next = {}
        self.consumer = Consumer(settings)
        self.asker = Consumer(settings)  # a question would wait behind the other's long fetches

    def read(self, timeout=60.0):
        """Reads up to the present ends of all partitions and returns everything read so far."""
        ends = wait_until(self._ends, timeout, f"the ends of {self.topic}")
        if set(ends) != set(self.next):
            self.next = {partition: self.next.get(partition, 0) for partition in ends}
            self.consumer.list_topics(self.topic, timeout)  # else it takes a second to find the leaders
            self.consumer.assign([TopicPartition(self.topic, p, offset) for p, offset in self.next.items()])
        wait_until(lambda: self._read_until(ends), timeout, f"the messages of {self.topic} up to {ends}")
        return self.messages

    def close(self):
        let_go(self.consumer)
        let_go(self.asker)

    def _ends(self):
        """The next offset of each partition; None while the broker cannot say."""
        try:
            topic = self.asker.list_topics(self.topic, 5).topics[self.topic]
            return {p: self.asker.get_watermark_offsets(TopicPartition(self.topic, p), 5)[1] for p in topic.partitions}
        except KafkaException:
            return None

    def _read_until(self, ends):
        if all(self.next[partition] >= end for partition, end in ends.items()):
            return True
        for message in self.consumer.consume(1000, 0.02):
            if message.error():
                continue
            key = message.key()
            self.messages.append(Message(message.partition(), message.offset(), key.decode() if key else None,
                                         message.value(), _headers(message.headers()), message.timestamp()[1]))
            self.next[message.partition()] = message.offset() + 1
        return False


class Topics:
    """The topics of one broker whose names begin with `prefix`, which nobody else writes."""

    def __init__(self, bootstrap, prefix):
        self.bootstrap, self.prefix = bootstrap, prefix
        self.admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        self.writer = None
        self.readers = {}

    def name(self, topic):
        return self.prefix + topic

    def create(self, *topics, partitions=2):
        self._done(self.admin.create_topics([NewTopic(self.name(t), partitions, 1) for t in topics], operation_timeout=20))

    def widen(self, topic, partitions):
        """Gives a topic more partitions, so that more workers have a part of it."""
        name = self.name(topic)
        self._done(self.admin.create_partitions([NewPartitions(name, partitions)], operation_timeout=20))
        wait_until(lambda: len(self.admin.list_topics(name, timeout=10).topics[name].partitions) == partitions, 20, "the partitions")

    def delete(self, *topics):
        self._done(self.admin.delete_topics([self.name(t) for t in topics], operation_timeout=20))
        wait_until(lambda: not {self.name(t) for t in topics} & set(self.admin.list_topics(timeout=10).topics), 20,
                   "the topics to be gone")
        self.writer = None  # it would remember that the topic is unknown
        for topic in topics:
            if topic in self.readers:
                self.readers.pop(topic).close()

    def produce(self, topic, value, key=None, headers=None, partition=None):
        """Writes one message and waits for the broker's acknowledgement."""
        place = {} if partition is None else {"partition": partition}
        self.produce_many(topic, [{"value": value, "key": key, "headers": headers, **place}])

    def produce_many(self, topic, messages):
        """Writes messages, each a dict of value, key, headers and partition, and waits for all acknowledgements."""
        if self.writer is None:
            self.writer = Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "linger.ms": 0, "log_level": 0,
                                    "topic.metadata.propagation.max.ms": 1000,
                                    "partitioner": "murmur2_random"})
        failures = []
        for message in messages:
            self.writer.produce(self.name(topic), on_delivery=lambda error, _: failures.append(error) if error else None, **message)
        if self.writer.flush(20) or failures:
            raise HarnessError(f"{topic} did not take the message: {failures}")

    def read(self, topic):
        """Every message of the topic so far, a list of Message; a topic made anew is read from its beginning again."""
        if topic not in self.readers:
            self.readers[topic] = TopicReader(self.bootstrap, self.name(topic))
        return self.readers[topic].read()

    def another(self):
        """The same topics for another thread, with readers of its own."""
        return Topics(self.bootstrap, self.prefix)

    def delete_all(self):
        """Asks for the end of every topic of ours, without waiting for it."""
        ours = [name for name in self.admin.list_topics(timeout=10).topics if name.startswith(self.prefix)]
        if ours:
            self.admin.delete_topics(ours, operation_timeout=0)

    def close(self):
        for reader in self.readers.values():
            reader.close()

    @staticmethod
    def _done(futures):
        for future in futures.values():
            future.result(30)
