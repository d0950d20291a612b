# SPDX-License-Identifier: Apache-2.0
"""assert_faithful passes what a correct fleet leaves, and notices each way in which one could be wrong."""
import json
import uuid

import pytest

from harness.faithful import ResultWatch, assert_faithful

RESOURCE = "contacts"


@pytest.fixture
def synced(fleet):
    """A finished sync made by hand, with the database's own functions: (fleet, sync id, task id)."""
    connection = fleet.connection("smith", records={RESOURCE: 20})
    sync = str(uuid.uuid4())
    fleet.sql("select * from accept_sync(%s, %s, 'http', null, %s, 'practicepanther', %s, 'full', null, false)",
              sync, connection.tenant.id, connection.id, [RESOURCE])
    for record in fleet.simulator.rows("smith", RESOURCE):
        fleet.sql("insert into practicepanther_contacts (connection_id, tenant_id, id, payload, content_hash) values (%s, %s, %s, %s, 0)",
                  connection.id, connection.tenant.id, record["id"], json.dumps(record))
    (task,) = fleet.tasks(sync)
    fleet.sql("update sync_tasks set records_inserted = 20, started_at = now() where task_id = %s", task["task_id"])
    publish(fleet, fleet.sql("select * from end_tasks(%s::uuid[], array['completed'], array[null], array[null])", [task["task_id"]]))
    return fleet, sync, task["task_id"]


def publish(fleet, outbox):
    for row in outbox:
        fleet.produce(row["topic"], row["value"].encode(), row["key"])


def test_a_correct_sync_is_faithful(synced):
    fleet, sync, task = synced
    events = assert_faithful(fleet, [sync])
    assert {event["event_type"] for event in events} == {"task.completed", "sync.completed"}


def test_repeated_events_are_no_fault(synced):
    fleet, sync, _ = synced
    publish(fleet, [{"topic": "sync.results", "value": json.dumps(event), "key": None} for event in fleet.results()])
    assert len(fleet.results()) == 2 and len(fleet.results(distinct=False)) == 4
    assert_faithful(fleet, [sync])


FAULTS = {
    "a row is missing": "delete from practicepanther_contacts where id = (select min(id) from practicepanther_contacts)",
    "a row is marked deleted": "update practicepanther_contacts set deleted_at = now()",
    "a row has other content": "update practicepanther_contacts set payload = jsonb_set(payload, '{email}', '\"forged\"')",
    "a row is too many": "insert into practicepanther_contacts (connection_id, tenant_id, id, payload, content_hash) "
                         "select connection_id, tenant_id, 'x', '{}', 0 from practicepanther_contacts limit 1",
    "a counter is wrong": "update sync_tasks set records_inserted = 19",
    "the task still has an owner": "update sync_tasks set owner = uuid_v7()",
    "the row says other than the event": "update sync_tasks set records_deleted = 1",
    "the sync counts an open task": "update syncs set open_tasks = 1",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_noticed(synced, fault):
    fleet, sync, _ = synced
    fleet.sql(FAULTS[fault])
    with pytest.raises(AssertionError):
        assert_faithful(fleet, [sync], timeout=2)


@pytest.mark.parametrize("of", ["task_id", "sync_id"])
def test_a_second_event_is_noticed(synced, of):
    fleet, sync, _ = synced
    (event,) = [event for event in fleet.results() if event[of]]
    fleet.produce("sync.results", {**event, "event_id": str(uuid.uuid4())})
    with pytest.raises(AssertionError):
        assert_faithful(fleet, [sync], timeout=2)


def test_a_task_that_never_ends_is_noticed(synced):
    fleet, _, _ = synced
    sync = str(uuid.uuid4())
    connection = fleet.value("select connection_id from connections")
    fleet.sql("select * from accept_sync(%s, %s, 'http', null, %s, 'practicepanther', %s, 'full', null, false)",
              sync, fleet.tenant.id, connection, [RESOURCE])
    with pytest.raises(AssertionError, match="in vain for the end of sync"):
        assert_faithful(fleet, [sync], timeout=0.5)


def test_an_event_that_is_read_before_its_rows_is_noticed(synced):
    fleet, _, _ = synced
    (event,) = [event for event in fleet.results() if event["task_id"]]
    with ResultWatch(fleet) as watch:
        pass
    assert watch.seen == 2 and not watch.early
    with ResultWatch(fleet) as watch:
        fleet.produce("sync.results", {**event, "event_id": str(uuid.uuid4()), "records_inserted": 21})
    assert [rows for rows, _ in watch.early] == [20]
