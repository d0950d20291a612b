# SPDX-License-Identifier: Apache-2.0
"""Requests on sync.requests: what is accepted, what goes to the dead letter topic and how, repeats, and a producer that is
killed on the way."""
import json
import uuid

import pytest

from harness.faithful import assert_faithful
from harness.letters import validate

CLOUD_EVENT = "application/cloudevents+json"
NOBODY = "01a1fd59-0d64-717e-a7f5-49ee78102007"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def producing(fleet):
    fleet.start_producer()
    return fleet


def body_of(connection, **fields):
    body = {"provider": connection.provider, "connection_id": connection.id, **fields}
    return {name: value for name, value in body.items() if value is not ...}


def binary(event=None, **headers):
    return {"ce_specversion": "1.0", "ce_id": event or str(uuid.uuid4()), "ce_source": "/tests", "ce_type": "sync.requested",
            "content-type": "application/json", **headers}


def structured(data, **attributes):
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/tests", "type": "sync.requested", "data": data, **attributes}
    return {name: value for name, value in event.items() if value is not ...}


def syncs(fleet, count, timeout=20):
    """Waits for so many syncs and returns them in order of creation."""
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs") >= count, timeout, f"{count} syncs")
    found = fleet.sql("select * from syncs order by sync_id")
    assert len(found) == count
    return found


# ---- what is accepted ----

def test_three_forms_of_a_request(producing):
    fleet = producing
    fleet.start_worker()
    accounts = [fleet.connection(f"acct-{n}", records={"contacts": 30, "matters": 20}) for n in range(4)]
    fleet.produce("sync.requests", body_of(accounts[0], resources=["contacts"], mode="full"))
    fleet.produce("sync.requests", body_of(accounts[1], tenant_id=fleet.tenant.id), key="any key", headers=binary(
        event="b-1", traceparent=TRACEPARENT))
    fleet.produce("sync.requests", structured(body_of(accounts[2], mode="incremental"), traceparent=TRACEPARENT, extension="x"),
                  headers={"content-type": CLOUD_EVENT + "; charset=utf-8"})
    fleet.produce("sync.requests", body_of(accounts[3]), headers={"content-type": "application/vnd.acme+json"})
    by_connection = {row["connection_id"]: row for row in syncs(fleet, 4)}
    rows = [by_connection[account.id] for account in accounts]
    assert [row["mode"] for row in rows] == ["full", "incremental", "incremental", "incremental"]
    assert {row["source"] for row in rows} == {"kafka"} and {row["tenant_id"] for row in rows} == {fleet.tenant.id}
    assert [row["request_id"] is not None for row in rows] == [False, True, True, False]
    assert [row["traceparent"] for row in rows] == [None, TRACEPARENT, TRACEPARENT, None]
    assert [len(fleet.tasks(row["sync_id"])) for row in rows] == [1, 3, 3, 3]
    assert_faithful(fleet, [row["sync_id"] for row in rows])
    assert {message.headers.get("traceparent") for message in fleet.messages("sync.tasks.practicepanther")} == {None, TRACEPARENT}
    assert not fleet.messages("sync.requests.dlq")


def test_a_repeated_event_makes_no_second_sync(producing):
    """Source and id together name an event; a request without them is one of its own each time."""
    fleet = producing
    connection = fleet.connection("acct-1", records={"contacts": 10})
    for _ in range(3):
        fleet.produce("sync.requests", body_of(connection), headers=binary("e-1"))
    fleet.produce("sync.requests", structured(body_of(connection), id="e-1"), headers={"content-type": CLOUD_EVENT})
    fleet.produce("sync.requests", body_of(connection), headers=binary("e-1", ce_source="/others"))
    fleet.produce("sync.requests", body_of(connection), headers=binary("e-2"))
    for _ in range(2):
        fleet.produce("sync.requests", body_of(connection))
    fleet.produce("sync.requests", b"the last", partition=0)
    fleet.produce("sync.requests", b"the last", partition=1)
    fleet.wait_until(lambda: len(fleet.messages("sync.requests.dlq")) == 2, what="the last messages")
    assert len(syncs(fleet, 5)) == 5
    assert fleet.value("select count(*) from syncs where request_id is not null") == 3


# ---- what is not ----

def bad_messages(connection, foreign):
    """name: (value, headers), code, what the reason names."""
    good = body_of(connection)
    return {
        "no JSON": ((b"contacts, please", {}), "invalid_request", "JSON"),
        "bytes": ((b"\x00\xff\xfe\x80", {}), "invalid_request", ""),
        "no value": ((None, {}), "invalid_request", "no value"),
        "nothing": ((b"", {}), "invalid_request", ""),
        "a list": (([good], {}), "invalid_request", "object"),
        "a number of a name": (({**good, "provider": 7}, {}), "invalid_request", "/provider"),
        "an unknown field": (({**good, "colour": "red"}, {}), "invalid_request", "/colour"),
        "a missing field": ((body_of(connection, connection_id=...), {}), "invalid_request", "/connection_id"),
        "no uuid": (({**good, "connection_id": "acct-1"}, {}), "invalid_request", "/connection_id"),
        "no such mode": (({**good, "mode": "partial"}, {}), "invalid_request", "full"),
        "no resources": (({**good, "resources": []}, {}), "invalid_request", "/resources"),
        "a resource twice": (({**good, "resources": ["contacts", "contacts"]}, {}), "invalid_request", "/resources/1"),
        "a field twice": ((json.dumps(good)[:-1].encode() + b', "mode": "full", "mode": "full"}', {}), "invalid_request", "two members of one name"),
        "too deep": ((b'{"provider": ' + 200 * b"[" + 200 * b"]" + b"}", {}), "invalid_request", "levels of nesting"),
        "too long": (({**good, "provider": 70000 * "x"}, {}), "invalid_request", "65536"),
        "an unknown provider": (({**good, "provider": "nobody"}, {}), "unknown_provider", "practicepanther"),
        "an unknown resource": (({**good, "resources": ["contacts", "kittens"]}, {}), "unknown_resource", "contacts, matters, tasks"),
        "an unknown connection": (({**good, "connection_id": NOBODY}, {}), "unknown_connection", "connection"),
        "another tenant's connection": (({**good, "tenant_id": foreign}, {}), "unknown_connection", "tenant"),
        "another provider's": (({**good, "provider": "bench"}, {}), "wrong_provider", "practicepanther"),
        "binary without a type": ((good, binary(ce_type="")), "invalid_request", "/headers/ce_type"),
        "binary of another version": ((good, binary(ce_specversion="0.3")), "invalid_request", "/headers/ce_specversion"),
        "another content type": ((good, binary(**{"content-type": "text/csv"})), "invalid_request", "/headers/content-type"),
        "a batch of events": (([structured(good)], {"content-type": "application/cloudevents-batch+json"}), "invalid_request",
                              "cloudevents+json"),
        "structured without data": ((structured(...), {"content-type": CLOUD_EVENT}), "invalid_request", "/data"),
        "structured with base64": ((structured(..., data_base64="e30="), {"content-type": CLOUD_EVENT}), "invalid_request",
                                   "/data_base64"),
        "structured with a bad field": ((structured({**good, "mode": 1}), {"content-type": CLOUD_EVENT}), "invalid_request",
                                        "/data/mode"),
        "structured without an id": ((structured(good, id=...), {"content-type": CLOUD_EVENT}), "invalid_request", "/id"),
    }


def test_every_bad_message_goes_to_the_dead_letter_topic_and_stops_nobody(producing):
    fleet = producing
    connection = fleet.connection("acct-1", records={"contacts": 10})
    foreign = fleet.new_tenant("foreign").id
    cases = bad_messages(connection, foreign)
    for n, (name, ((value, headers), _, _)) in enumerate(cases.items()):
        fleet.produce("sync.requests", value, key=f"key {n}", partition=n % 2,
                      headers={**headers, "case": name, "bytes": b"\x00\xff", "empty": b""})
        fleet.produce("sync.requests", body_of(connection, resources=["contacts"]), headers=binary(f"good-{n}"), partition=n % 2)
    assert len(syncs(fleet, len(cases))) == len(cases)  # those behind the bad ones
    fleet.wait_until(lambda: len(fleet.messages("sync.requests.dlq")) >= len(cases), what="the dead letters")
    letters = raw_messages(fleet, "sync.requests.dlq")
    sent = {message.key().decode(): message for message in raw_messages(fleet, "sync.requests") if message.key()}
    assert len(letters) == len(cases)
    by_case = {dict(message.headers())["case"].decode(): message for message in letters}
    for name, (_, code, reason) in cases.items():
        letter = by_case[name]
        headers = dict(letter.headers())
        original = sent[letter.key().decode()]
        assert letter.value() == original.value(), name
        assert letter.headers()[:len(original.headers())] == original.headers(), name
        assert headers["__connect.errors.topic"].decode() == fleet.topics.name("sync.requests")
        assert headers["__connect.errors.partition"] == str(original.partition()).encode()
        assert headers["__connect.errors.offset"] == str(original.offset()).encode()
        assert headers["__connect.errors.stage"] == b"VALIDATE"
        assert headers["__connect.errors.exception.class.name"] == code.encode(), (name, headers)
        assert reason in headers["__connect.errors.exception.message"].decode(), (name, headers)
        document = {"value": None if original.value() is None else original.value().decode(errors="replace"),
                    "headers": {key: value.decode(errors="replace") for key, value in headers.items()}}
        validate("dead-letter", document)
    assert len(fleet.producer.events("request_refused")) == len(cases)


def raw_messages(fleet, topic):
    """As the client library has them: headers in order and as bytes."""
    from confluent_kafka import Consumer, TopicPartition
    consumer = Consumer({"bootstrap.servers": fleet.kafka.address, "group.id": "raw", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "log_level": 0})
    name, found = fleet.topics.name(topic), []
    partitions = consumer.list_topics(name, 10).topics[name].partitions
    total = sum(consumer.get_watermark_offsets(TopicPartition(name, p), 10)[1] for p in partitions)
    consumer.assign([TopicPartition(name, p, 0) for p in partitions])
    while len(found) < total:
        found += [message for message in consumer.consume(1000, 0.1) if not message.error()]
    consumer.close()
    return found


def test_a_connection_that_must_be_authorised_again(producing):
    fleet = producing
    connection = fleet.connection("acct-1", records={"contacts": 10})
    fleet.sql("update connections set status = 'reauthorize'")
    fleet.produce("sync.requests", body_of(connection))
    (letter,) = fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the dead letter")
    assert letter.headers["__connect.errors.exception.class.name"] == "connection_reauthorize"
    assert "authorised again" in letter.headers["__connect.errors.exception.message"]


# ---- trouble on the way ----

@pytest.mark.parametrize("failpoint", ["requests_before_commit", "requests_before_offset"])
def test_a_producer_killed_on_the_way_loses_and_repeats_nothing(fleet, failpoint):
    short = {"kafka__properties": "session.timeout.ms=6000;heartbeat.interval.ms=500"}
    first = fleet.start_producer(env=fleet.with_failpoint(failpoint), **short)
    fleet.start_worker()
    connections = [fleet.connection(f"acct-{n}", records={"contacts": 10}) for n in range(6)]
    for n, connection in enumerate(connections):
        fleet.produce("sync.requests", body_of(connection, resources=["contacts"]), headers=binary(f"event-{n}"))
    fleet.produce("sync.requests", b"bad", headers={"case": "bad"})
    assert first.wait() == -9
    fleet.start_producer(**short)
    found = syncs(fleet, 6, timeout=40)  # when the dead one's session in the group has ended
    assert {row["connection_id"] for row in found} == {connection.id for connection in connections}
    assert_faithful(fleet, [row["sync_id"] for row in found])
    fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the dead letter")


def test_a_database_that_is_away_for_a_while(producing, postgres):
    fleet = producing
    connection = fleet.connection("acct-1", records={"contacts": 10})
    postgres.stop()
    fleet.produce("sync.requests", body_of(connection), headers=binary("e-1"))
    fleet.produce("sync.requests", b"bad")
    fleet.wait_until(lambda: fleet.messages("sync.requests.dlq") or fleet.producer.events("request_again"), what="a try")
    postgres.start()
    assert len(syncs(fleet, 1)) == 1
    assert len(fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the dead letter")) == 1


def test_many_requests_at_once(producing):
    """More than what waits inside of the producer: it pauses, and loses nothing."""
    fleet = producing
    connection = fleet.connection("acct-1", records={"contacts": 10})
    value = json.dumps(body_of(connection, resources=["contacts"])).encode()
    fleet.topics.produce_many("sync.requests", [{"value": value, "headers": binary(f"many-{n}")} for n in range(3000)])
    assert len(syncs(fleet, 3000, timeout=60)) == 3000
    assert fleet.value("select count(*) from sync_tasks") == 1  # all of them joined the one that nobody has claimed
