# SPDX-License-Identifier: Apache-2.0
"""Records in quarantine: their list, one with its text, and their replay after a fix."""
import base64
import uuid

import pytest

from harness.faithful import assert_faithful
from harness.fleet import PRODUCER_SOON, WORKER_SOON
from harness.letters import declarations

NUMBER_OF = {"contacts": 250}


def quarantined(fleet, connection, at=(3, 120, 121), tag="not_these"):
    """A sync that puts the records at these places aside. Returns their ids, in the order of ids."""
    refused = [fleet.simulator.rows(connection.account, "contacts")[i]["id"] for i in at]
    fleet.sql(f"alter table practicepanther_contacts add constraint {tag} check (id <> all (%s))", refused)
    fleet.wait_for_sync(fleet.sync(connection, ["contacts"], mode="full"), state="completed")
    return sorted(refused)


def mended(fleet, tag="not_these"):
    fleet.sql(f"alter table practicepanther_contacts drop constraint {tag}")


def listed(fleet, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = fleet.api("GET", "/v1/dead-records" + (f"?{query}" if query else ""))
    assert answer.status == 200, answer
    return answer.body["dead_records"]


def replay(fleet, connection, **options):
    """Asks for it and waits for its end; returns the sync and its task."""
    answer = fleet.api("POST", "/v1/dead-records/replay", {"connection_id": connection.id, "resource": "contacts", **options})
    assert answer.status == 202 and answer.headers["location"] == answer.body["href"], answer
    assert answer.body["mode"] == "replay"
    sync = answer.body["sync_id"]
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    return sync, task


def counters(task):
    return [task[f"records_{name}"] for name in ("inserted", "updated", "unchanged", "deleted", "quarantined")]


def test_what_fits_now_is_stored_without_asking_the_provider(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    refused = quarantined(fleet, connection)
    asked = len(fleet.simulator.log("acct-1"))
    watermark = fleet.value("select watermark from resource_states where connection_id = %s", connection.id)
    mended(fleet)
    sync, task = replay(fleet, connection)
    assert counters(task) == [3, 0, 0, 0, 0] and task["mode"] == "replay"
    assert not listed(fleet) and len(fleet.rows(connection.id, "practicepanther", "contacts")) == 250
    assert len(fleet.simulator.log("acct-1")) == asked
    assert fleet.value("select watermark from resource_states where connection_id = %s", connection.id) == watermark
    events = [event for event in fleet.wait_for_events([sync]) if event["sync_id"] == sync or event["task_id"] == task["task_id"]]
    assert {(event["event_type"], event["mode"], event["records_inserted"]) for event in events} == {
        ("task.completed", "replay", 3), ("sync.completed", "replay", 3)}
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    assert (shown["mode"], shown["records"]["inserted"]) == ("replay", 3)

    again = fleet.api("POST", "/v1/dead-records/replay", {"connection_id": connection.id, "resource": "contacts"})
    assert (again.status, again.body["code"]) == (409, "nothing_to_replay")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    assert_faithful(fleet, [sync])
    assert counters(fleet.tasks(sync)[0]) == [0, 0, 250, 0, 0]
    assert refused


def test_what_does_not_fit_stays_with_the_new_reason(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    refused = quarantined(fleet, connection)
    before = {row["record_id"]: row for row in listed(fleet)}
    mended(fleet)
    fleet.sql("alter table practicepanther_contacts add constraint still_not_this check (id <> %s)", refused[1])
    _, task = replay(fleet, connection)
    assert counters(task) == [2, 0, 0, 0, 1]
    (left,) = listed(fleet)
    assert left["record_id"] == refused[1] and "still_not_this" in left["reason"] and left["replay_asked_at"] is None
    for name in ("dead_record_id", "times", "first_seen_at", "last_seen_at"):
        assert left[name] == before[refused[1]][name]  # the provider has not sent it again
    assert left["task_id"] == task["task_id"]


def test_some_by_their_ids(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    refused = quarantined(fleet, connection)
    wanted = [row["dead_record_id"] for row in listed(fleet) if row["record_id"] != refused[0]]
    mended(fleet)
    _, task = replay(fleet, connection, ids=wanted)
    assert counters(task) == [2, 0, 0, 0, 0]
    assert [row["record_id"] for row in listed(fleet)] == refused[:1]
    answer = fleet.api("POST", "/v1/dead-records/replay",
                       {"connection_id": connection.id, "resource": "contacts", "ids": [str(uuid.uuid4())]})
    assert (answer.status, answer.body["code"]) == (409, "nothing_to_replay")


def test_a_newer_version_stays(fleet):
    """Stored, then quarantined in a later version, then stored anew: what lies in quarantine is the past."""
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    fleet.wait_for_sync(fleet.sync(connection, ["contacts"], mode="full"))
    refused = quarantined(fleet, connection, at=())
    (first, second, third) = [fleet.simulator.rows("acct-1", "contacts")[i]["id"] for i in (3, 120, 121)]
    assert not refused
    for record in (first, second, third):
        fleet.sql("insert into dead_records (tenant_id, connection_id, task_id, provider, resource, record_id, reason, raw) "
                  "select tenant_id, connection_id, uuid_v7(), 'practicepanther', 'contacts', id, 'of old', "
                  "convert_to(jsonb_set(payload, '{notes}', '\"from the quarantine\"')::text, 'UTF8') "
                  "from practicepanther_contacts where id = %s", record)
    fleet.sql("update practicepanther_contacts set synced_at = now() where id = %s", first)
    fleet.sql("update practicepanther_contacts set deleted_at = now() where id = %s", second)
    _, task = replay(fleet, connection)
    assert counters(task) == [0, 1, 2, 0, 0] and not listed(fleet)
    rows = {row["id"]: row for row in fleet.sql("select * from practicepanther_contacts where id = any(%s)", [first, second, third])}
    assert rows[first]["notes"] != "from the quarantine" and rows[second]["deleted_at"] is not None
    assert rows[third]["notes"] == "from the quarantine"


def test_a_changed_declaration_is_the_one_that_counts(fleet, tmp_path):
    def whole_numbers(_, text):
        return text.replace('{ name = "email"; path = "email"; type = "text"; }', '{ name = "email"; path = "email"; type = "integer"; }')
    fleet.start_producer()
    worker = fleet.start_worker(providers__dir=declarations(tmp_path / "providers", whole_numbers), quarantine__max_percent=100)
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state="completed")
    assert counters(fleet.tasks(sync)[0])[4] > 200
    _, task = replay(fleet, connection)  # more than one page, and nothing fits
    assert counters(task)[4] > 200 and task["page"] > 2
    worker.kill()
    fleet.start_worker()
    _, task = replay(fleet, connection)
    assert counters(task)[0] > 200 and counters(task)[4] == 0
    assert len(fleet.rows(connection.id, "practicepanther", "contacts")) == 250 and not listed(fleet)


def test_an_account_that_must_be_authorised_again_can_be_replayed(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    quarantined(fleet, connection)
    mended(fleet)
    fleet.sql("update connections set status = 'reauthorize'")
    _, task = replay(fleet, connection)
    assert counters(task) == [3, 0, 0, 0, 0]


def test_a_walk_that_waits_begins_with_the_replay(fleet):
    fleet.start_producer()
    worker = fleet.start_worker()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    quarantined(fleet, connection)
    mended(fleet)
    worker.stop()
    body = {"connection_id": connection.id, "resource": "contacts"}
    first = fleet.api("POST", "/v1/dead-records/replay", body).body["sync_id"]
    second = fleet.sync(connection, ["contacts"], mode="incremental")
    third = fleet.api("POST", "/v1/dead-records/replay", body).body["sync_id"]
    assert len({task["task_id"] for task in fleet.tasks(first, second, third)}) == 1
    fleet.start_worker()
    for sync in (first, second, third):
        fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(first)
    assert (task["mode"], task["records_inserted"]) == ("incremental", 3) and not listed(fleet)
    assert_faithful(fleet, [second])


def test_the_list(fleet):
    fleet.start()
    stranger = fleet.new_tenant("stranger")
    connections = [fleet.connection(f"acct-{n}", records=NUMBER_OF) for n in (1, 2)]
    quarantined(fleet, connections[0], at=(1, 2, 3), tag="first")
    fleet.sql("alter table practicepanther_contacts drop constraint first")
    quarantined(fleet, connections[1], at=(5,), tag="second_tag")
    everything = listed(fleet)
    assert len(everything) == 4
    assert [row["dead_record_id"] for row in everything] == sorted((row["dead_record_id"] for row in everything), reverse=True)
    assert len(listed(fleet, connection_id=connections[0].id)) == 3
    assert len(listed(fleet, provider="practicepanther", resource="contacts")) == 4
    assert not listed(fleet, resource="matters") and not listed(fleet, provider="bench")
    assert [row["connection_id"] for row in listed(fleet, reason="SECOND_TAG")] == [connections[1].id]

    seen, path = [], "/v1/dead-records?limit=3&reason=violates%20check&resource=contacts"
    while path:
        answer = fleet.api("GET", path)
        seen += answer.body["dead_records"]
        path = answer.headers["link"].split(">")[0][1:] if "link" in answer.headers else None
    assert seen == everything

    one = fleet.api("GET", everything[0]["href"])
    served = fleet.simulator.rows("acct-2", "contacts")[5]
    assert one.status == 200 and served["id"] in one.body["raw"] and one.body["raw_base64"] is None
    assert one.body["bytes"] == len(one.body["raw"].encode())
    fleet.sql("update dead_records set raw = %s where dead_record_id = %s", b"{\"a\":\"\xff\"}", everything[0]["dead_record_id"])
    one = fleet.api("GET", everything[0]["href"]).body
    assert one["raw"] is None and base64.b64decode(one["raw_base64"]) == b"{\"a\":\"\xff\"}"

    assert stranger.api("GET", "/v1/dead-records").body == {"dead_records": [], "next_cursor": None}
    assert stranger.api("GET", everything[0]["href"]).body["code"] == "unknown_record"
    answer = stranger.api("POST", "/v1/dead-records/replay", {"connection_id": connections[0].id, "resource": "contacts"})
    assert (answer.status, answer.body["code"]) == (404, "unknown_connection")
    assert fleet.value("select count(*) from dead_records where replay_asked_at is not null") == 0


def test_by_syncctl(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    refused = quarantined(fleet, connection)
    rows = fleet.ctl("get", "records", f"--connection={connection.id}", "--resource=contacts")
    assert sorted(row["record_id"] for row in rows) == refused
    assert len(fleet.ctl("get", "records", "--limit=2")) == 2 and not fleet.ctl("get", "records", "--resource=matters")
    (row,) = fleet.ctl("describe", "record", rows[0]["dead_record_id"])
    assert rows[0]["record_id"] in row["raw"] and row["times"] == 1
    mended(fleet)
    (made,) = fleet.ctl("records", "replay", f"--connection={connection.id}", "--resource=contacts",
                        f"--ids={rows[0]['dead_record_id']},{rows[1]['dead_record_id']}")
    fleet.wait_for_sync(made["sync_id"], state="completed")
    assert len(fleet.ctl("get", "records")) == 1


@pytest.mark.parametrize("where", ["store_after_rows", "store_after_commit"])
def test_a_worker_that_dies_in_the_middle(fleet, where):
    """More than one page of records; the first process is gone after its second one."""
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(quarantine__max_percent=100)
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    quarantined(fleet, connection, at=range(0, 250))
    mended(fleet)
    worker.stop()
    fleet.workers.remove(worker)
    dying = fleet.start_worker(env=fleet.with_failpoint(where, nth=2), **WORKER_SOON)
    body = {"connection_id": connection.id, "resource": "contacts"}
    sync = fleet.api("POST", "/v1/dead-records/replay", body).body["sync_id"]
    dying.wait()
    assert len(listed(fleet, limit=200)) in (150, 50)
    fleet.start_worker(**WORKER_SOON)
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert counters(task) == [250, 0, 0, 0, 0] and not listed(fleet)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])


def test_what_a_cancelled_replay_has_left(fleet):
    """It is not replayed by another one that asks for other records."""
    fleet.start_producer()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    worker = fleet.start_worker()
    refused = quarantined(fleet, connection)
    mended(fleet)
    worker.stop()
    body = {"connection_id": connection.id, "resource": "contacts"}
    sync = fleet.api("POST", "/v1/dead-records/replay", body).body["sync_id"]
    assert all(row["replay_asked_at"] for row in listed(fleet))
    assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    fleet.start_worker()
    (one,) = [row["dead_record_id"] for row in listed(fleet) if row["record_id"] == refused[0]]
    _, task = replay(fleet, connection, ids=[one])
    assert counters(task) == [1, 0, 0, 0, 0]
    assert sorted(row["record_id"] for row in listed(fleet)) == refused[1:]
    assert not any(row["replay_asked_at"] for row in listed(fleet))
