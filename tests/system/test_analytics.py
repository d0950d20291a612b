# SPDX-License-Identifier: Apache-2.0
"""Results as analytics reads them: by other clients than ours, with the CloudEvents SDK, by the tables of schemas/analytics, and
figure by figure what PostgreSQL says."""
import copy
import json
import re
import subprocess
import sys
from collections import Counter
from datetime import datetime
from uuid import UUID

import psycopg2.extras
import pytest

from harness.contract import DOCUMENT, Contract, assert_as_described
from harness.fleet import PRODUCER_SOON, WORKER_SOON
from harness.ledger import ROOT
from harness.letters import SCHEMAS, declarations

sys.path.append(str(ROOT / ".fleet" / "python"))  # brought by ./fleet test; Debian's modules come first
from asyncapi3.models.asyncapi import AsyncAPI3  # noqa: E402
from cloudevents.core.bindings import kafka as cloudevents  # noqa: E402
from kafka import KafkaConsumer, TopicPartition  # noqa: E402  kafka-python: no librdkafka in it

TOPIC = "sync.results"
COUNTERS = [f"records_{name}" for name in ("inserted", "updated", "unchanged", "deleted", "quarantined")]
FIELDS = list(SCHEMAS["result"]["properties"])
ANALYTICS = ROOT / "schemas" / "analytics"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
ROUNDS, ACCOUNTS = 3, 12
# From what a walk meets to how it ends: nothing, quarantine, a wait, a failure, a repeated page, a walk that is begun anew.
DIALS = [{"dial": "nul_text", "times": 3}, {"dial": "null_id"}, {"dial": "throttle", "retry_after": "0"}, {"dial": "forbidden", "after": 1},
         {"dial": "server_error", "status": 404, "after": 1}, {"dial": "server_error", "times": 2}, {"dial": "cursor_loop", "times": -1},
         {"dial": "broken_json"}, {"dial": "latency", "ms": 150, "times": 3}, {"dial": "change", "added": 5, "removed": 4, "changed": 7}]


def small(name, text):
    """Pages of a few records, and deletions that one complete walk proves."""
    text = re.sub(r"\bsize = \d+;", "size = 20;", text)
    return text.replace('strategy = "two_generations"', 'strategy = "generation"')


@pytest.fixture(scope="module")
def history(kafka, postgres, template, ledger, tmp_path_factory):
    """A fleet after rounds of syncs of every kind and end, all told; `random` picks them, and FLEET_SEED picks the same ones again."""
    import os
    import random

    from conftest import LOGS
    from harness.fleet import Fleet
    logs = LOGS / "test_analytics"
    logs.mkdir(exist_ok=True)
    seed = int(os.environ.get("FLEET_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"FLEET_SEED={seed}")
    fleet = Fleet("analytics", postgres, kafka, ledger, logs)
    try:
        play(fleet, random.Random(seed), declarations(tmp_path_factory.mktemp("declared") / "small", small))
        yield fleet
    finally:
        fleet.close()


def play(fleet, dice, declared):
    fleet.start_producer(providers__dir=declared, **PRODUCER_SOON)
    for _ in range(2):
        fleet.start_worker(**WORKER_SOON, providers__dir=declared, retry__max_attempts=3, worker__slots=6, slice__pages=2)
    accounts = [f"account-{n}" for n in range(ACCOUNTS)]
    for account in accounts:
        fleet.simulator.account(account, records={resource: dice.randint(0, 90) for resource in ("contacts", "matters", "tasks")})
    connections = fleet.tenant.connections(accounts)
    surely(fleet)
    for round_no in range(ROUNDS):
        for connection in dice.sample(connections, ACCOUNTS * 3 // 4):
            for dial in dice.sample(DIALS, dice.randint(0, 2)):
                fleet.simulator.dial(connection.account, **{"resource": dice.choice(["contacts", "matters"]), **dial})
            ask(fleet, dice, connection)
        fleet.request_by_kafka(dice.choice(connections), ["contacts"])
        if round_no < ROUNDS - 1:
            fleet.wait_for_rest()
    fleet.produce("sync.requests", {"provider": "nobody"})
    fleet.wait_for_rest()
    for connection in connections:  # what was mended in the meantime
        fleet.simulator.clear_dials(connection.account)
    for row in fleet.sql("select distinct on (connection_id) connection_id::text, resource from dead_records limit 4"):
        fleet.api("POST", "/v1/dead-records/replay", row)
    fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the refused request")
    fleet.wait_for_rest()


def surely(fleet):
    """One of each kind, whatever the dice say."""
    kinds = {"whole": {}, "bad": {"dials": [{"dial": "nul_text"}]}, "slow": {"latency_ms": 300}, "closed": {"dials": [
        {"dial": "server_error", "status": 404, "times": -1}]}}
    made = {name: fleet.connection(name, records={"contacts": 50}, **settings) for name, settings in kinds.items()}
    syncs = {name: fleet.sync(connection, ["contacts"], "full") for name, connection in made.items()}
    assert fleet.api("POST", f"/v1/syncs/{syncs['slow']}/cancel").status == 202
    fleet.wait_for_sync(syncs["whole"], state="completed")
    fleet.simulator.account("whole", removed={"contacts": [3, 30]}, version=2, changed_share=0.1)
    fleet.sync(made["whole"], ["contacts"], "full")


def ask(fleet, dice, connection):
    """One to three requests for an account, which join each other's work, some of them cancelled."""
    for _ in range(dice.randint(1, 3)):
        resources = dice.choice([None, ["contacts"], ["contacts", "matters"]])
        sync = fleet.sync(connection, resources, dice.choice(["full", "full", "incremental"]))
        if dice.random() < 0.25:
            assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status in (202, 409)


@pytest.fixture(scope="module")
def messages(history):
    """Every message of the topic by the pure Python client: (partition, offset, key, value, headers)."""
    name = history.topics.name(TOPIC)
    consumer = KafkaConsumer(bootstrap_servers=history.kafka.address, enable_auto_commit=False)
    parts = [TopicPartition(name, partition) for partition in sorted(consumer.partitions_for_topic(name))]
    ends = consumer.end_offsets(parts)
    consumer.assign(parts)
    consumer.seek_to_beginning(*parts)
    found = []
    while any(consumer.position(part) < ends[part] for part in parts):
        for records in consumer.poll(timeout_ms=2000).values():
            found += [(record.partition, record.offset, record.key, record.value, dict(record.headers)) for record in records]
    consumer.close()
    return sorted(found, key=lambda message: message[:2])


@pytest.fixture(scope="module")
def events(messages):
    """The distinct events."""
    return list({event["event_id"]: event for event in (json.loads(value) for *_, value, _ in messages)}.values())


# ---- what was played ----

def test_the_history_has_every_kind_of_end(events):
    kinds = Counter(event["event_type"] for event in events)
    assert set(kinds) == {f"{what}.{end}" for what in ("task", "sync") for end in ("completed", "failed", "cancelled")}, kinds
    assert {event["mode"] for event in events} == {"full", "incremental", "replay"}
    for counter in COUNTERS:
        assert sum(event[counter] for event in events) > 0, counter


# ---- figures ----

def text_of(at):
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_every_task_event_says_what_its_row_says(history, events):
    history.sql("set time zone 'UTC'")
    tasks = {row["task_id"]: row for row in history.sql("select * from sync_tasks")}
    members = {row["task_id"]: row["syncs"] for row in history.sql(
        "select task_id, array_agg(sync_id::text order by sync_id) as syncs from sync_members group by task_id")}
    told = {event["task_id"]: event for event in events if event["task_id"]}
    assert set(told) == set(tasks) and len(told) == len([event for event in events if event["task_id"]])
    for id, event in told.items():
        row = tasks[id]
        same = ("tenant_id", "connection_id", "provider", "resource", "mode", "state", "error_class", "error_message", "sequence", *COUNTERS)
        assert {name: event[name] for name in same} == {name: row[name] for name in same}
        assert {name: event[name] for name in ("created_at", "started_at", "ended_at")} == {
            name: text_of(row[name]) for name in ("created_at", "started_at", "ended_at")}
        assert event["occurred_at"] == event["ended_at"] and event["event_type"] == f"task.{row['state']}"
        assert (event["sync_id"], event["sync_ids"]) == (None, members[id])


def test_every_sync_event_says_the_sums_of_its_tasks(history, events):
    syncs = {row["sync_id"]: row for row in history.sql("select * from syncs")}
    told = {event["sync_id"]: event for event in events if event["sync_id"]}
    assert set(told) == set(syncs) and len(told) == len([event for event in events if event["sync_id"]])
    for id, event in told.items():
        row, tasks = syncs[id], history.tasks(id)
        same = ("tenant_id", "connection_id", "provider", "mode", "state")
        assert {name: event[name] for name in same} == {name: row[name] for name in same}
        assert (event["event_type"], event["sync_ids"], event["task_id"], event["resource"]) == (f"sync.{row['state']}", [id], None, None)
        assert (event["created_at"], event["ended_at"]) == (text_of(row["created_at"]), text_of(row["ended_at"]))
        ended_after = max(task["ended_at"] for task in tasks) <= row["ended_at"]
        assert ended_after or row["state"] == "cancelled"  # then its tasks went on for others
        if ended_after:
            assert {name: event[name] for name in COUNTERS} == {name: sum(task[name] for task in tasks) for name in COUNTERS}
        failed = sorted(task["resource"] for task in tasks if task["state"] == "failed" and task["ended_at"] <= row["ended_at"])
        assert (event["state"] == "failed") == bool(failed) or event["state"] == "cancelled"
        for resource in failed:
            assert f"{resource}: " in event["error_message"]


def test_a_sync_never_ends_before_its_tasks(fleet):
    """The transaction that ends its last task may have begun before the one that ended another."""
    fleet.start_producer()
    first, last = (task["task_id"] for task in fleet.tasks(fleet.sync(fleet.connection("acct-1"), ["contacts", "matters"])))
    early, late = fleet.another_session(), fleet.another_session()
    early.autocommit = False
    end = "select 1 from end_tasks(array[%s]::uuid[], '{completed}', '{null}', '{null}')"
    with early.cursor() as one, late.cursor() as other:
        one.execute("select now()")
        other.execute(end, [first])
        one.execute(end, [last])
    early.commit()
    assert fleet.value("select s.ended_at >= all (select t.ended_at from sync_tasks t) from syncs s")
    for session in (early, late):
        session.close()


def test_any_text_of_an_error_stays_one_string(fleet):
    """The document is put together without a JSON library: what providers say is all that it may hold of foreign text."""
    said = "\"}, \\ \n\t\x01 \u2028 \U0001f680 ', {\"state\": \"completed\""
    document = fleet.value("select result_document(uuid_v7(), 'task', null, array[uuid_v7()], uuid_v7(), uuid_v7(), uuid_v7(), "
                           "'bench', 'contacts', 'full', 'failed', 'permanent', %s, 1, 2, 3, 4, 5, now(), null, now(), 7)", said)
    event = json.loads(document)
    assert (event["error_message"], event["state"], event["started_at"], event["sequence"]) == (said, "failed", None, 7)
    assert list(event) == FIELDS


def test_the_tables_hold_what_completed_walks_have_counted(history, events):
    """Over all walks of a resource: what was inserted and not deleted is there, what was deleted is marked."""
    for resource in ("contacts", "matters", "tasks"):
        table = f"practicepanther_{resource}"
        (row,) = history.sql(f"select count(*) as stored, count(deleted_at) as deleted from {table}")
        of = [event for event in events if event["resource"] == resource]
        assert sum(event["records_inserted"] for event in of) == row["stored"], resource
        assert sum(event["records_deleted"] for event in of) >= row["deleted"], resource  # some came back


# ---- form ----

def test_other_clients_read_the_same(history, messages):
    """kcat prints what the pure Python client has read, byte for byte."""
    printed = subprocess.run(["kcat", "-C", "-e", "-q", "-b", history.kafka.address, "-t", history.topics.name(TOPIC), "-f",
                              "%p %o %k %S %h %s\n"], capture_output=True, check=True, timeout=60).stdout
    wanted = sorted(b"%d %d %s %d %s %s" % (partition, offset, key, len(value), b",".join(
        name.encode() + b"=" + text for name, text in headers.items()), value) for partition, offset, key, value, headers in messages)
    assert sorted(printed.splitlines()) == wanted


def test_every_message_is_a_cloud_event(messages):
    """By the SDK: the attributes, the data, and the same event in structured mode and back."""
    for _, _, key, value, headers in messages:
        event = cloudevents.from_kafka_event(cloudevents.KafkaMessage(headers=headers, key=key, value=value))
        data = json.loads(value)
        assert event.get_data() == data
        assert (event.get_specversion(), event.get_source(), event.get_id()) == ("1.0", "/sync-fleet", data["event_id"])
        assert event.get_type() == f"io.syncfleet.{data['event_type']}.v1"
        assert event.get_subject() == data["task_id"] or data["sync_id"]
        assert event.get_datacontenttype() == "application/json"
        assert event.get_time().utcoffset().total_seconds() == 0 and text_of(event.get_time()) == headers["ce_time"].decode()
        there = cloudevents.from_kafka_event(cloudevents.to_structured_event(event))
        assert (there.get_id(), there.get_type(), there.get_subject(), there.get_data()) == (
            event.get_id(), event.get_type(), event.get_subject(), event.get_data())


def fits(kind, value):
    """Whether a JSON value is one of a column type of ClickHouse or Flink."""
    kind = kind.lower()
    if (wrapped := re.fullmatch(r"(nullable|lowcardinality)\((.*)\)", kind)):
        return (value is None and wrapped[1] == "nullable") or fits(wrapped[2], value)
    if (of := re.fullmatch(r"array[(<](.*)[)>]", kind)):
        return isinstance(value, list) and all(fits(of[1], item) for item in value)
    if kind.startswith(("datetime64(6", "timestamp_ltz(6")):
        return isinstance(value, str) and TIME.fullmatch(value) is not None
    if kind.startswith(("uint", "bigint", "int")):
        return type(value) is int and 0 <= value < 2 ** (31 if kind == "int" else 32 if kind == "uint32" else 53)
    if kind == "uuid":
        return isinstance(value, str) and str(UUID(value)) == value
    return kind == "string" and isinstance(value, str)


def columns(dialect):
    """The columns of the first table in a file, with their types."""
    text = (ANALYTICS / f"{dialect}.sql").read_text()
    body = re.search(r"create table \w+ \(\n(.*?)\n\)", text, re.DOTALL)[1]
    return dict(line.strip().rstrip(",").split(" ", 1) for line in body.splitlines() if not line.strip().startswith("watermark"))


@pytest.mark.parametrize("dialect", ["clickhouse", "flink"])
def test_values_fit_the_columns_as_they_are(messages, dialect):
    kinds = columns(dialect)
    assert list(kinds) == FIELDS
    nullable = {name for name, schema in SCHEMAS["result"]["properties"].items() if nulls(schema)}
    for _, _, key, value, _ in messages:
        event = json.loads(value)
        assert list(event) == FIELDS and key.decode() == event["connection_id"]
        for name, kind in kinds.items():
            assert fits(kind, event[name]) or dialect == "flink" and event[name] is None and name in nullable, (name, kind, event[name])
    if dialect == "clickhouse":
        assert {name for name, kind in kinds.items() if "Nullable" in kind} == nullable


def nulls(schema):
    return None in schema.get("enum", []) or "null" in schema.get("type", []) or any(nulls(one) for one in schema.get("oneOf", []))


def test_the_view_for_materialize_reads_it(history, messages):
    """Its select has only what PostgreSQL has, too, so that it can be run here, on the topic with its repeats."""
    view = re.search(r"create view sync_results as\n(.*);", (ANALYTICS / "materialize.sql").read_text(), re.DOTALL)[1]
    with history.another_session() as session, session.cursor() as cursor:
        cursor.execute("set time zone 'UTC'")
        cursor.execute("create temporary table sync_results_queue (data jsonb)")
        psycopg2.extras.execute_values(cursor, "insert into sync_results_queue values %s", [(value.decode(),) for *_, value, _ in messages] * 2)
        cursor.execute(view)
        rows = cursor.fetchall()
    wanted = {event["event_id"]: event for event in (json.loads(value) for *_, value, _ in messages)}
    assert {row["event_id"]: plain(row) for row in rows} == wanted and len(rows) == len(wanted)


def plain(row):
    return {name: text_of(value) if isinstance(value, datetime) else value for name, value in row.items()}


# ---- the contract ----

def test_messages_of_every_channel_are_as_asyncapi_says(history):
    contract = Contract()
    assert_as_described(history, contract)
    assert contract.seen == set(DOCUMENT["channels"])


def test_the_contract_notices_what_is_not_as_it_says(history):
    """The same messages, against a document that says something else."""
    def changed(change):
        document = copy.deepcopy(DOCUMENT)
        change(document["components"]["messages"], document["components"]["schemas"], document["channels"])
        return Contract(document)
    message = history.messages(TOPIC)[0]
    assert Contract().faults(TOPIC, message) == [] and Contract().faults("sync.other", message)
    for change in (
            lambda m, s, c: s["resultHeaders"]["required"].append("ce_colour"),
            lambda m, s, c: s["resultHeaders"]["properties"]["ce_source"].update(const="/elsewhere"),
            lambda m, s, c: m["result"].update(payload=m["task"]["payload"]),
            lambda m, s, c: m["result"]["bindings"]["kafka"]["key"].update(pattern="^x"),
            lambda m, s, c: c["results"].update(address="sync.elsewhere")):
        assert changed(change).faults(TOPIC, message)


def without_info(document):
    del document["info"]


NO_ASYNCAPI = [without_info, lambda d: d.update(colour="red"), lambda d: d.update(asyncapi="2.6.0"),
               lambda d: d["operations"]["receiveRequest"].update(action="publish"),
               lambda d: d["channels"]["results"].update(adress="x"),
               lambda d: d["channels"]["results"].update(bindings={"kafka": {"topik": "x"}}),
               lambda d: d["components"]["messages"]["result"].update(payloads={})]


def test_the_document_is_one_of_asyncapi():
    AsyncAPI3.model_validate(DOCUMENT)
    for mistake in NO_ASYNCAPI:
        document = copy.deepcopy(DOCUMENT)
        mistake(document)
        with pytest.raises(ValueError):
            AsyncAPI3.model_validate(document)
