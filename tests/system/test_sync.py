# SPDX-License-Identifier: Apache-2.0
"""One sync from its request to rows and result events."""
import time
from contextlib import contextmanager

from harness.faithful import ResultWatch, assert_faithful

RECORDS = {"contacts": 730, "matters": 250, "tasks": 0}


def test_http_request_to_rows_and_events(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    with ResultWatch(fleet) as watch:
        sync = fleet.sync(connection)
        events = assert_faithful(fleet, [sync])
    assert not watch.early
    by_resource = {event["resource"]: event for event in events if event["task_id"]}
    assert {name: event["records_inserted"] for name, event in by_resource.items()} == RECORDS
    (end,) = [event for event in events if event["sync_id"] == sync]
    assert end["event_type"] == "sync.completed" and end["records_inserted"] == sum(RECORDS.values())


def test_second_full_sync_rewrites_nothing(fleet):
    fleet.start()
    connection = fleet.connection("acct-2", records=RECORDS)
    assert_faithful(fleet, [fleet.sync(connection, mode="full")])
    before = fleet.sql("select id, xmin::text from practicepanther_contacts order by id")
    sync = fleet.sync(connection, mode="full")
    events = assert_faithful(fleet, [sync])
    (end,) = [event for event in events if event["sync_id"] == sync]
    assert (end["records_unchanged"], end["records_inserted"], end["records_updated"]) == (sum(RECORDS.values()), 0, 0)
    assert fleet.sql("select id, xmin::text from practicepanther_contacts order by id") == before


def test_few_records_that_are_known_are_left_alone(fleet):
    """Not even locked: asked for first, however few they are."""
    fleet.start()
    connection = fleet.connection("acct-5", records={"contacts": 5})
    for _ in range(2):
        assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    assert {row["xmax"] for row in fleet.sql("select xmax::text from practicepanther_contacts")} == {"0"}


@contextmanager
def a_load_that_waits(fleet, connection):
    """The load of a sync of the connection waits for its task's row, which the cursor has locked, until the block ends."""
    fleet.simulator.account(connection.account, latency_ms=500)
    with fleet.another_session() as session, session.cursor() as cursor:
        session.autocommit = False
        sync = fleet.sync(connection, ["contacts"], mode="full")
        fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "running", what="the sync to run")
        cursor.execute("select from sync_tasks where task_id = %s for update", [fleet.tasks(sync)[0]["task_id"]])
        fleet.wait_until(lambda: fleet.waits_for_lock("sync-worker store"), what="its load to wait")
        yield sync, cursor


def test_a_load_leaves_out_what_is_no_longer_ours(fleet):
    """The page of a task that was cancelled waits with another's, whose differing rows are still the right ones."""
    fleet.start()
    first, lost, ours = [fleet.connection(account, "bench", records={"contacts": 40}) for account in ("acct-6", "acct-7", "acct-8")]
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"]) for connection in (first, lost, ours)])
    fleet.simulator.account("acct-8", version=2, changed_share=0.25)
    with a_load_that_waits(fleet, first) as (held, cursor):
        cancelled, sync = [fleet.sync(connection, ["contacts"], mode="full") for connection in (lost, ours)]
        fleet.wait_until(lambda: {task["state"] for task in fleet.tasks(cancelled, sync)} == {"running"}, what="both to run")
        time.sleep(0.5)  # nothing tells that their pages wait for the first load
        cursor.execute("select from cancel_sync(%s, %s)", [cancelled, lost.tenant.id])
    fleet.wait_for_sync(cancelled, state="cancelled")
    assert_faithful(fleet, [held, sync])
    assert [task["records_updated"] for task in fleet.tasks(held, sync)] == [0, 10]


def test_a_load_that_waits_holds_up_no_other_walk(fleet):
    fleet.start()
    held, *others = [fleet.connection(f"acct-{number}", records={"contacts": 120}) for number in range(9, 15)]
    with a_load_that_waits(fleet, held) as (first, _):
        syncs = [fleet.sync(connection, ["contacts"]) for connection in others]
        for sync in syncs:
            fleet.wait_for_sync(sync, state="completed")
    assert_faithful(fleet, [first, *syncs])


def test_incremental_sync_takes_what_changed(fleet):
    fleet.start()
    connection = fleet.connection("acct-3", records={"contacts": 300, "matters": 200})
    assert_faithful(fleet, [fleet.sync(connection)])
    fleet.simulator.account("acct-3", version=2, changed_share=0.1)
    sync = fleet.sync(connection, resources=["matters"], mode="incremental")
    events = assert_faithful(fleet, [sync])
    (end,) = [event for event in events if event["sync_id"] == sync]
    assert end["records_updated"] == 20 and end["records_inserted"] == 0


def test_kafka_request_is_the_same_and_a_repeat_makes_no_second_sync(fleet):
    fleet.start()
    connection = fleet.connection("acct-4", records={"contacts": 120})
    event = fleet.request_by_kafka(connection, ["contacts"])
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs") == 1, what="the sync")
    fleet.request_by_kafka(connection, ["contacts"], headers={"ce_id": event})
    fleet.request_by_kafka(connection, ["matters"])
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs") == 2, what="the second sync")
    assert_faithful(fleet, [row["sync_id"] for row in fleet.sql("select sync_id from syncs")])


def test_the_end_of_a_sync_costs_no_index_entry(fleet):
    """An index that names what the end changes, even in its predicate, takes the new version out of its page."""
    assert fleet.sql("select indexname from pg_indexes where tablename = 'syncs'")
    assert fleet.sql(r"select indexdef from pg_indexes where tablename = 'syncs' and indexdef ~ '\y(ended_at|state|open_tasks|failed_tasks|cancelled_tasks)\y'") == []
