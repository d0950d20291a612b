# SPDX-License-Identifier: Apache-2.0
"""Google: a mailbox's ids and batches, its history, calendars and their sync tokens, and what goes wrong on the way."""
from datetime import datetime

import pytest

from harness.faithful import assert_one_event_each, assert_tasks_ended_once
from harness.fleet import PRODUCER_SOON, WORKER_SOON

UNLIMITED = {"providers__limits": "google.mail_user_units=0"}
RECORDS = {"messages": 620, "calendars": 3, "events": 240}


def connect(fleet, account="g", **settings):
    return fleet.connection(account, "google", **{"records": RECORDS, **settings})


def start(fleet, workers=1):
    """Without Google's quota of 6,000 units a minute, which are 300 messages."""
    fleet.start_producer()
    for _ in range(workers):
        fleet.start_worker(**UNLIMITED)


def asked(fleet, path, account=None):
    return [entry for entry in fleet.simulator.log(account) if entry["path"].startswith(path)]


def lists(fleet, account=None):
    return [entry for entry in asked(fleet, "/gmail/v1/users/me/messages", account) if entry["path"].endswith("/messages")]


def gets(fleet, account=None):
    return asked(fleet, "/gmail/v1/users/me/messages/", account)


def stored(record, resource):
    """What of a record is kept."""
    if resource != "events":
        return record
    return {name: None if name == "conferenceData" else value for name, value in record.items() if name != "calendarId"}


def assert_kept(fleet, connection, *resources):
    """The live rows are what the account holds, field by field."""
    for resource in resources or RECORDS:
        served = fleet.simulator.rows(connection.account, resource, "google")
        rows = fleet.rows(connection.id, "google", resource)
        if resource == "events":
            want = {f"{record['calendarId']}/{record['id']}": stored(record, resource) for record in served}
        else:
            want = {record["id"]: record for record in served}
        have = {row["id"]: row["payload"] for row in rows}
        assert set(have) == set(want), (resource, sorted(set(want) - set(have))[:3], sorted(set(have) - set(want))[:3])
        different = [id for id in want if have[id] != want[id]]
        assert not different, (resource, len(different), have[different[0]], want[different[0]])


def synced(fleet, connection, resources=None, mode="incremental", state="completed"):
    """Syncs, and returns the ended task of each resource."""
    sync = fleet.sync(connection, resources, mode)
    fleet.wait_for_sync(sync, 60)
    events = fleet.wait_for_events([sync], 60)
    tasks = fleet.tasks(sync)
    assert_tasks_ended_once(fleet, [sync], tasks)
    assert_one_event_each([sync], tasks, events)
    assert {task["state"] for task in tasks} == {state}, [(task["resource"], task["error_message"]) for task in tasks]
    return {task["resource"]: task for task in tasks}


def counters(task):
    return tuple(task[f"records_{name}"] for name in ("inserted", "updated", "unchanged", "deleted", "quarantined"))


# --- mail ---

def test_a_first_walk_and_then_what_changed(fleet):
    start(fleet)
    connection = connect(fleet)
    tasks = synced(fleet, connection)
    assert counters(tasks["messages"]) == (620, 0, 0, 0, 0)
    assert_kept(fleet, connection)
    assert len(asked(fleet, "/gmail/v1/users/me/profile")) == 1 and not asked(fleet, "/gmail/v1/users/me/history")
    assert len(lists(fleet)) == 2 and len(gets(fleet)) == 620 and len(asked(fleet, "/batch/gmail/v1")) == 13
    (row,) = fleet.sql("select * from sync_email_messages where connection_id = %s order by id limit 1", connection.id)
    payload = row["payload"]
    assert row["thread_id"] == payload["threadId"] and row["label_ids"] == payload.get("labelIds")
    assert row["internal_date"].timestamp() == int(payload["internalDate"]) / 1000
    assert row["history_id"] == int(payload["historyId"]) and row["subject"]

    # nothing
    tasks = synced(fleet, connection)
    assert counters(tasks["messages"]) == counters(tasks["events"]) == (0, 0, 0, 0, 0)
    assert len(asked(fleet, "/gmail/v1/users/me/history")) == 1 and len(gets(fleet)) == 620

    # labels, new ones, and what is gone for good
    fleet.simulator.account("g", google={"labels": [{"message": 3, "add": ["STARRED"], "remove": []},
                                                    {"message": 5, "add": ["TRASH"], "remove": []}]})
    fleet.simulator.account("g", records={"messages": 640}, removed={"messages": [7, 8]})
    tasks = synced(fleet, connection, ["messages"])
    assert counters(tasks["messages"])[0] == 20 and counters(tasks["messages"])[3] == 2
    assert len(lists(fleet)) == 2 and len(gets(fleet)) <= 620 + 22
    assert_kept(fleet, connection, "messages")
    assert fleet.value("select count(*) from sync_email_messages where deleted_at is not null") == 2


def test_a_history_that_is_over_means_a_walk_of_everything(fleet):
    """It has no word of what was deleted meanwhile: what it does not show is gone."""
    start(fleet)
    connection = connect(fleet, records={"messages": 130})
    synced(fleet, connection, ["messages"])
    fleet.simulator.account("g", removed={"messages": [1, 50, 129]}, google={"expire_history": True})
    tasks = synced(fleet, connection, ["messages"])
    assert counters(tasks["messages"])[3] == 3 and tasks["messages"]["restarts"] == 1
    assert_kept(fleet, connection, "messages")
    # and from there on by the history again
    fleet.simulator.account("g", removed={"messages": [1, 2, 50, 129]})
    before = len(lists(fleet))
    tasks = synced(fleet, connection, ["messages"])
    assert counters(tasks["messages"])[3] == 1 and len(lists(fleet)) == before
    assert_kept(fleet, connection, "messages")


@pytest.mark.parametrize("dial, options", [
    ("throttle", {"retry_after": 1}), ("server_error", {}), ("unauthorized", {}), ("forbidden_quota", {})])
def test_parts_that_fail_are_asked_for_again(fleet, dial, options):
    start(fleet)
    connection = connect(fleet, records={"messages": 120})
    if dial == "forbidden_quota":
        fleet.simulator.account("g", limits=[{"name": "units", "kind": "quota", "count": 30, "period_ms": 1000, "call": "get"}])
    else:
        fleet.simulator.dial("g", dial, call="get", after=20, times=25, **options)
    tasks = synced(fleet, connection, ["messages"])
    assert counters(tasks["messages"]) == (120, 0, 0, 0, 0)
    assert_kept(fleet, connection, "messages")
    assert {200} < {entry["status"] for entry in gets(fleet)}


def test_a_message_that_vanishes_between_list_and_batch(fleet):
    start(fleet)
    connection = connect(fleet, records={"messages": 60})
    synced(fleet, connection, ["messages"])
    fleet.simulator.dial("g", "vanished_rows", call="list", rows=2)
    tasks = synced(fleet, connection, ["messages"], "full")
    assert counters(tasks["messages"]) == (0, 0, 58, 2, 0)
    assert 404 in {entry["status"] for entry in gets(fleet)}
    assert_kept(fleet, connection, "messages")


def test_a_batch_that_lacks_parts(fleet):
    start(fleet)
    connection = connect(fleet, records={"messages": 60})
    fleet.simulator.dial("g", "missing_parts", call="batch", rows=3)
    tasks = synced(fleet, connection, ["messages"])
    assert counters(tasks["messages"]) == (60, 0, 0, 0, 0)
    assert_kept(fleet, connection, "messages")


def test_a_worker_that_dies_in_the_middle_of_a_batch(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    fleet.start_worker(env=fleet.with_failpoint("fetch_after", 4), **WORKER_SOON, **UNLIMITED)
    connection = connect(fleet, records={"messages": 300})
    sync = fleet.sync(connection, ["messages"])
    fleet.wait_until(lambda: not fleet.workers[0].running, what="the worker to die")
    fleet.start_worker(**WORKER_SOON, **UNLIMITED)
    fleet.wait_for_sync(sync, 60)
    (task,) = fleet.tasks(sync)
    assert counters(task) == (300, 0, 0, 0, 0)
    assert_kept(fleet, connection, "messages")
    assert len(gets(fleet)) <= 300 + 100  # what was stored is not asked for again


def test_each_part_of_a_batch_costs_its_units(fleet):
    """A profile and a list of 5 units each, and 20 for each message, which 50 of a batch are one call to us."""
    fleet.start()
    connection = connect(fleet, records={"messages": 60})
    synced(fleet, connection, ["messages"])
    fleet.workers[0].stop()  # gives back what it has not spent
    spent = "select (select sum(units) from unnest(spent) units)::int from rate_budgets where name = %s"
    assert fleet.value(spent, "mail_user_units") == fleet.value(spent, "mail_units") == 5 + 5 + 60 * 20


# --- calendars ---

def test_events_of_several_calendars_by_their_tokens(fleet):
    start(fleet)
    connection = connect(fleet, records={"calendars": 3, "events": 240})
    tasks = synced(fleet, connection, ["calendars", "events"])
    assert counters(tasks["calendars"])[0] == 3
    assert_kept(fleet, connection, "calendars", "events")
    assert fleet.value("select count(distinct calendar_id) from sync_calendar_events") == 3
    for row in fleet.rows(connection.id, "google", "events"):
        begins = row["payload"]["start"]
        assert row["all_day"] == ("date" in begins)
        if "dateTime" in begins:
            assert row["start_at"] == datetime.fromisoformat(begins["dateTime"].replace("Z", "+00:00"))

    fleet.simulator.account("g", removed={"events": [3, 10]}, google={"touched": [20, 21, 60]})
    tasks = synced(fleet, connection, ["calendars", "events"])
    assert counters(tasks["events"])[3] == 2 and counters(tasks["events"])[0] == 0
    assert_kept(fleet, connection, "events")
    tokens = [entry for entry in asked(fleet, "/calendar/v3/calendars/") if "syncToken" in entry["query"]]
    assert len(tokens) == 3


def test_a_sync_token_that_is_over(fleet):
    start(fleet)
    connection = connect(fleet, records={"calendars": 2, "events": 80})
    synced(fleet, connection, ["calendars", "events"])
    fleet.simulator.account("g", removed={"events": [3, 10]}, google={"expire_sync_tokens": True})
    tasks = synced(fleet, connection, ["calendars", "events"])
    assert counters(tasks["events"])[3] == 2 and tasks["events"]["restarts"] == 1
    assert_kept(fleet, connection, "events")
    assert 410 in {entry["status"] for entry in asked(fleet, "/calendar/v3/calendars/")}
    tasks = synced(fleet, connection, ["calendars", "events"])
    assert counters(tasks["events"]) == (0, 0, 0, 0, 0)


def test_pages_without_events_go_on(fleet):
    start(fleet)
    connection = connect(fleet, records={"calendars": 2, "events": 120})
    fleet.simulator.dial("g", "empty_page", call="events", times=1)
    synced(fleet, connection, ["calendars", "events"])
    assert_kept(fleet, connection, "events")


def test_new_and_removed_calendars(fleet):
    start(fleet)
    connection = connect(fleet, records={"calendars": 2, "events": 80})
    synced(fleet, connection, ["calendars", "events"])
    fleet.simulator.account("g", records={"calendars": 3})
    synced(fleet, connection, ["calendars", "events"])
    assert_kept(fleet, connection, "calendars", "events")


# --- one grant ---

def test_two_apis_and_one_refresh(fleet):
    start(fleet, workers=2)
    connection = connect(fleet, expires_in=3600)
    fleet.sql("update connections set token_expires_at = now() - interval '1 second' where connection_id = %s", connection.id)
    synced(fleet, connection)
    assert_kept(fleet, connection)
    assert len(asked(fleet, "/token")) == 1


def test_a_permission_that_one_api_lacks_leaves_the_other_alone(fleet):
    start(fleet)
    connection = connect(fleet, google={"scope": "https://www.googleapis.com/auth/gmail.readonly"})
    sync = fleet.sync(connection)
    fleet.wait_for_sync(sync, 60)
    ends = {task["resource"]: (task["state"], task["error_class"]) for task in fleet.tasks(sync)}
    assert ends["messages"] == ("completed", None) and ends["calendars"] == ("failed", "permanent")
    (message,) = {task["error_message"] for task in fleet.tasks(sync) if task["resource"] == "calendars"}
    assert "was not granted" in message
    assert_kept(fleet, connection, "messages")
    assert fleet.value("select status from connections where connection_id = %s", connection.id) == "active"
