# SPDX-License-Identifier: Apache-2.0
"""One bad record stays one bad record: put aside with its text and reason, while everything around it is stored."""
import json

import pytest

from harness.faithful import assert_faithful, canonical
from harness.letters import declarations

NUMBER_OF = {"contacts": 250}


def put_aside(fleet, connection):
    """The quarantined records, with `record`, the JSON that was kept of each."""
    rows = fleet.sql("select *, convert_from(raw, 'UTF8') as text from dead_records where connection_id = %s order by record_id",
                     connection.id)
    return [{**row, "record": json.loads(row["text"])} for row in rows]


def synced(fleet, connection, state="completed", provider="practicepanther"):
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state=state)
    (task,) = fleet.tasks(sync)
    return sync, task, fleet.rows(connection.id, provider, "contacts")


def test_a_record_without_identity(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    fleet.simulator.dial("acct-1", "null_id", after=1)
    sync, task, rows = synced(fleet, connection)
    served = fleet.simulator.rows("acct-1", "contacts")
    (bad,) = put_aside(fleet, connection)
    assert (bad["column_name"], bad["reason"], bad["record_id"]) == ("id", "missing", None)
    assert (bad["tenant_id"], bad["task_id"]) == (connection.tenant.id, task["task_id"])
    assert (bad["provider"], bad["resource"]) == ("practicepanther", "contacts")
    assert bad["record"] == {**served[100], "id": None}  # the first of the second page
    assert canonical([row["payload"] for row in rows]) == canonical(served[:100] + served[101:])
    assert (task["records_inserted"], task["records_quarantined"]) == (249, 1)
    (event,) = [event for event in fleet.wait_for_events([sync]) if event["sync_id"] == sync]
    assert (event["state"], event["records_inserted"], event["records_quarantined"]) == ("completed", 249, 1)
    assert 'syncfleet_records_quarantined_total{provider="practicepanther",resource="contacts"} 1' in \
        fleet.admin(fleet.workers[0], "/metrics").body
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    assert shown["records"] == {"inserted": 249, "updated": 0, "unchanged": 0, "deleted": 0, "quarantined": 1}

    sync, task, rows = synced(fleet, connection)  # the provider has mended it
    assert (task["records_inserted"], task["records_unchanged"], task["records_quarantined"]) == (1, 249, 0)
    assert_faithful(fleet, [sync])


def test_a_text_that_postgresql_cannot_hold(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    fleet.simulator.dial("acct-1", "nul_text")
    _, task, rows = synced(fleet, connection)
    served = fleet.simulator.rows("acct-1", "contacts")
    (bad,) = put_aside(fleet, connection)
    assert (bad["column_name"], bad["record_id"]) == ("notes", served[0]["id"])
    assert bad["reason"] == "holds \\u0000, which PostgreSQL cannot store"
    assert bad["record"]["notes"].startswith("\0") and "\\u0000" in bad["text"]  # as it came
    assert [row["id"] for row in rows] == [record["id"] for record in served[1:]]
    assert (task["records_inserted"], task["records_quarantined"]) == (249, 1)


def test_only_what_the_database_refuses_is_put_aside(fleet):
    """Three records of two pages violate a constraint that no declaration knows; others share their transactions."""
    fleet.start()
    connections = [fleet.connection(f"acct-{n}", records=NUMBER_OF) for n in range(1, 5)]
    served = fleet.simulator.rows("acct-1", "contacts")
    refused = [served[i] for i in (0, 7, 199)]
    fleet.sql("alter table practicepanther_contacts add constraint no_such_people check (id <> all (%s))",
              [record["id"] for record in refused])
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    assert_faithful(fleet, syncs)
    bad = put_aside(fleet, connections[0])
    assert [row["record"] for row in bad] == refused and [row["record_id"] for row in bad] == [r["id"] for r in refused]
    assert all("no_such_people" in row["reason"] and refused[0]["last_name"] not in row["reason"] for row in bad)
    (first, *others) = [fleet.tasks(sync)[0] for sync in syncs]
    assert (first["records_inserted"], first["records_quarantined"]) == (247, 3)
    assert all((task["records_inserted"], task["records_quarantined"]) == (250, 0) for task in others)
    assert fleet.value("select count(*) from dead_records") == 3

    again, task, _ = synced(fleet, connections[0])  # by the other way of writing: rows that are there already
    assert (task["records_unchanged"], task["records_inserted"], task["records_quarantined"]) == (247, 0, 3)


def test_a_record_without_payload_is_kept_as_its_columns(fleet):
    fleet.start()
    connection = fleet.connection("bench-1", "bench", records={"contacts": 120})
    served = fleet.simulator.rows("bench-1", "contacts", "bench")
    fleet.sql("alter table bench_contacts add constraint not_this_one check (id <> %s)", served[110]["id"])
    _, task, rows = synced(fleet, connection, provider="bench")
    (bad,) = put_aside(fleet, connection)
    assert bad["record_id"] == served[110]["id"] and len(rows) == 119
    for name in ("id", "name", "email", "status", "amount", "address", "tags", "notes"):
        assert bad["record"][name] == served[110][name]
    assert bad["record"]["created_at"].startswith(served[110]["created_at"][:19])


def test_what_the_declaration_redacts_is_not_kept_of_bad_records_either(fleet, tmp_path):
    def redact(_, text):
        return text.replace('records = "";', 'records = ""; redact = ["email", "account_ref.id"];')
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", redact))
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    fleet.simulator.dial("acct-1", "nul_text")
    served = fleet.simulator.rows("acct-1", "contacts")
    fleet.sql("alter table practicepanther_contacts add constraint not_this_one check (id <> %s)", served[3]["id"])
    _, _, rows = synced(fleet, connection)
    bad = put_aside(fleet, connection)
    assert len(bad) == 2 and len(rows) == 248
    for record in [each["record"] for each in bad] + [row["payload"] for row in rows]:
        assert record["email"] is None and record["account_ref"]["id"] is None
        assert record["account_ref"]["display_name"]
    assert not fleet.value("select count(*) from practicepanther_contacts where email is not null or account_id is not null")


def test_a_whole_page_of_bad_records(fleet):
    fleet.start_producer()
    fleet.start_worker(quarantine__max_percent=100)
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    page = [record["id"] for record in fleet.simulator.rows("acct-1", "contacts")[100:200]]
    fleet.sql("alter table practicepanther_contacts add constraint none_of_these check (id <> all (%s))", page)
    sync, task, rows = synced(fleet, connection)
    assert (task["records_inserted"], task["records_quarantined"], len(rows)) == (150, 100, 150)
    assert [row["record_id"] for row in put_aside(fleet, connection)] == page
    assert_faithful(fleet, [sync])


def test_a_constraint_that_speaks_at_commit(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    other = fleet.connection("acct-2", records=NUMBER_OF)
    wrong = fleet.simulator.rows("acct-1", "contacts")[42]["id"]
    fleet.sql("create function refuse() returns trigger language plpgsql as $$ begin if new.id = '" + wrong + "' then "
              "raise exception 'not this one' using errcode = '23514'; end if; return new; end $$")
    fleet.sql("create constraint trigger late after insert or update on practicepanther_contacts deferrable initially deferred "
              "for each row execute function refuse()")
    syncs = [fleet.sync(each, ["contacts"], mode="full") for each in (connection, other)]
    assert_faithful(fleet, syncs)
    (bad,) = put_aside(fleet, connection)
    assert bad["record_id"] == wrong and bad["reason"].endswith("not this one")


def test_a_refusal_that_no_record_is_to_blame_for_fails_the_task(fleet):
    """Data errors that stay when every record was tried alone: the task ends instead of searching for ever."""
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    other = fleet.connection("acct-2", records=NUMBER_OF)
    fleet.sql("create function refuse_task() returns trigger language plpgsql as $$ begin "
              "if new.connection_id = '" + connection.id + "' and new.page > old.page then "
              "raise exception 'no page of this one' using errcode = '23514'; end if; return new; end $$")
    fleet.sql("create trigger no_page before update on sync_tasks for each row execute function refuse_task()")
    syncs = [fleet.sync(each, ["contacts"], mode="full") for each in (connection, other)]
    assert_faithful(fleet, syncs)
    (task,) = fleet.tasks(syncs[0])
    assert (task["state"], task["error_class"]) == ("failed", "permanent") and "no page of this one" in task["error_message"]
    assert not fleet.rows(connection.id, "practicepanther", "contacts")


@pytest.mark.parametrize("sql", ["drop table practicepanther_contacts", "alter table practicepanther_contacts drop column email"])
def test_a_table_that_changed_meanwhile_fails_its_tasks_only(fleet, sql):
    fleet.start()
    connection = fleet.connection("acct-1", records={**NUMBER_OF, "matters": 120})
    fleet.sql(sql)
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert (task["state"], task["error_class"]) == ("failed", "permanent")
    assert_faithful(fleet, [fleet.sync(connection, ["matters"])])


def test_one_row_for_each_bad_record_until_it_is_stored(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    refused = [fleet.simulator.rows("acct-1", "contacts")[i]["id"] for i in (3, 120)]
    fleet.sql("alter table practicepanther_contacts add constraint not_these check (id <> all (%s))", refused)
    synced(fleet, connection)
    first = put_aside(fleet, connection)
    assert [row["record_id"] for row in first] == refused and [row["times"] for row in first] == [1, 1]

    _, task, _ = synced(fleet, connection)
    again = put_aside(fleet, connection)
    assert task["records_quarantined"] == 2
    assert [row["dead_record_id"] for row in again] == [row["dead_record_id"] for row in first]
    for before, after in zip(first, again):
        assert (after["times"], after["task_id"]) == (2, task["task_id"])
        assert after["first_seen_at"] == before["first_seen_at"] and after["last_seen_at"] > before["last_seen_at"]

    fleet.sql("alter table practicepanther_contacts drop constraint not_these")
    fleet.sql("alter table practicepanther_contacts add constraint not_this_one check (id <> %s)", refused[1])
    sync, task, rows = synced(fleet, connection)
    assert (task["records_inserted"], task["records_unchanged"], task["records_quarantined"]) == (1, 248, 1)
    (left,) = put_aside(fleet, connection)
    assert (left["record_id"], left["times"]) == (refused[1], 3)
    assert_faithful(fleet, [sync])


def test_a_provider_that_changed_a_type_does_not_empty_the_account_into_the_quarantine(fleet, tmp_path):
    def whole_numbers(_, text):
        return text.replace('{ name = "email"; path = "email"; type = "text"; }', '{ name = "email"; path = "email"; type = "integer"; }')
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", whole_numbers))
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    sync, task, rows = synced(fleet, connection, state="failed")
    first = fleet.simulator.rows("acct-1", "contacts")[0]
    assert (task["error_class"], task["records_quarantined"]) == ("permanent", 0)
    assert task["error_message"] == ("100 of 100 records cannot be stored, more than quarantine.max_percent (50): "
                                     f"email: wrong type, record {first['id']}")
    assert not put_aside(fleet, connection) and not rows
    assert_faithful(fleet, [sync])


def test_a_table_that_refuses_most_records_fails_the_task(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    most = [record["id"] for record in fleet.simulator.rows("acct-1", "contacts")[100:160]]
    fleet.sql("alter table practicepanther_contacts add constraint not_most check (id <> all (%s))", most)
    _, task, rows = synced(fleet, connection, state="failed")
    assert task["error_class"] == "permanent" and task["error_message"].startswith("60 of 100 records cannot be stored")
    assert "not_most" in task["error_message"]
    assert len(rows) == 100 and not put_aside(fleet, connection)  # the page before it stays


def test_what_a_column_would_cut_or_round_is_put_aside(fleet, tmp_path):
    def exact(_, text):
        return text.replace('path = "amount"; type = "double"', 'path = "amount"; type = "numeric"')
    connection = fleet.connection("acct-1", records={"contacts": 60})
    other = fleet.connection("bench-1", "bench", records={"contacts": 60})
    served = fleet.simulator.rows("acct-1", "contacts")
    width = sorted(len(record["display_name"]) for record in served)[45]
    long = [record["id"] for record in served if len(record["display_name"]) > width]
    fine = [record["id"] for record in fleet.simulator.rows("bench-1", "contacts", "bench") if round(record["amount"], 1) != record["amount"]]
    assert long and fine  # else the test says nothing
    fleet.sql(f"alter table practicepanther_contacts alter display_name type varchar({width})")
    fleet.sql("alter table bench_contacts alter amount type numeric(12, 1)")
    fleet.start_producer()
    fleet.start_worker(quarantine__max_percent=100, providers__dir=declarations(tmp_path / "providers", exact))
    for which, refused, column, reason in ((connection, long, "display_name", "longer than its column"),
                                           (other, fine, "amount", "more digits than its column has")):
        _, task, rows = synced(fleet, which, provider=which.provider)
        bad = put_aside(fleet, which)
        assert [row["record_id"] for row in bad] == sorted(refused) and len(rows) == 60 - len(refused)
        assert {(row["column_name"], row["reason"]) for row in bad} == {(column, reason)}
        assert task["records_quarantined"] == len(refused)


def test_a_deleted_record_leaves_the_quarantine(fleet):
    """By a complete walk that does not show it, or by the provider's feed."""
    fleet.start()
    by_walk = fleet.connection("acct-1", records=NUMBER_OF)
    by_feed = fleet.connection("org-1", "zoho", records={"leads": 60})
    for connection, resource in ((by_walk, "contacts"), (by_feed, "leads")):
        fleet.simulator.dial(connection.account, "nul_text", resource=resource)
        fleet.wait_for_sync(fleet.sync(connection, [resource]), state="completed")
        assert len(put_aside(fleet, connection)) == 1
        fleet.simulator.account(connection.account, removed={resource: [0]})
        fleet.wait_for_sync(fleet.sync(connection, [resource], mode="full" if connection is by_walk else "incremental"), state="completed")
        assert not put_aside(fleet, connection)


def test_of_a_record_that_comes_twice_the_last_counts(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records=NUMBER_OF)
    fleet.simulator.dial("acct-1", "duplicated_rows", after=1)
    sync, task, _ = synced(fleet, connection)
    assert (task["records_inserted"], task["records_unchanged"], task["records_quarantined"]) == (250, 0, 0)
    assert_faithful(fleet, [sync])
