# SPDX-License-Identifier: Apache-2.0
"""Deletions: stored exactly once, and only after proof."""
import json
import re
import signal

import pytest

from harness.faithful import assert_faithful
from harness.fleet import PRODUCER_SOON, WORKER_SOON
from harness.letters import declarations

RESOURCE = "contacts"
TABLE = "practicepanther_contacts"
SMALL_STEPS = {"deletions__step_rows": 40}


def strategy(name):
    """Every resource of PracticePanther with this way of finding deletions."""
    return lambda _, text: text.replace('strategy = "two_generations"', f'strategy = "{name}"')


@pytest.fixture
def generations(fleet, tmp_path):
    """A fleet whose complete walks prove deletions at once, with steps of a few rows."""
    return start(fleet, declarations(tmp_path / "one", strategy("generation")))


def start(fleet, providers=None, **settings):
    fleet.start_producer()
    fleet.start_worker(**SMALL_STEPS, **settings, **({"providers__dir": providers} if providers else {}))
    return fleet


def walk(fleet, connection, mode="full", state="completed"):
    sync = fleet.sync(connection, [RESOURCE], mode=mode)
    fleet.wait_for_sync(sync, state=state)
    (task,) = fleet.tasks(sync)
    return task


def ids(rows):
    return [row["id"] for row in rows]


def live(fleet, connection):
    return ids(fleet.rows(connection.id, "practicepanther", RESOURCE))


def served(fleet, connection):
    return ids(fleet.simulator.rows(connection.account, RESOURCE))


def deleted(fleet, connection):
    return ids(fleet.sql(f"select id from {TABLE} where connection_id = %s and deleted_at is not null order by id", connection.id))


def remove(fleet, connection, indexes):
    fleet.simulator.account(connection.account, removed={RESOURCE: list(indexes)})


def counters(task):
    return tuple(task[f"records_{name}"] for name in ("inserted", "updated", "unchanged", "deleted", "quarantined"))


def assert_nothing_left(fleet):
    assert fleet.value("select count(*) from seen_pages") == 0


def logged(fleet, event):
    """The first worker's one log line of this event, which may come a moment after the row."""
    def line():
        return [json.loads(line) for line in fleet.workers[0].tail(1000).splitlines() if f'"event":"{event}"' in line]
    (only,) = fleet.wait_until(line, what=f"the log line {event}")
    return only


# ---- one generation ----

def test_what_a_complete_walk_does_not_show_is_deleted(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 330})
    all_ids = served(fleet, connection)
    assert counters(walk(fleet, connection)) == (330, 0, 0, 0, 0)
    gone = [0, 7, 99, 100, 250, 329]
    remove(fleet, connection, gone)
    task = walk(fleet, connection)
    assert counters(task) == (0, 0, 324, 6, 0)
    assert deleted(fleet, connection) == [all_ids[i] for i in gone]
    assert live(fleet, connection) == served(fleet, connection)
    assert counters(walk(fleet, connection)) == (0, 0, 324, 0, 0)
    assert_nothing_left(fleet)
    assert fleet.value("select count(*) from missing_records") == 0


def test_the_result_says_what_the_table_says(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 250})
    walk(fleet, connection)
    remove(fleet, connection, range(0, 250, 10))
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    assert_faithful(fleet, [sync])
    events = [event for event in fleet.wait_for_events([sync]) if event["records_deleted"]]
    assert sorted((event["event_type"], event["records_deleted"]) for event in events) == [("sync.completed", 25), ("task.completed", 25)]
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    assert shown["records"] == {"inserted": 0, "updated": 0, "unchanged": 225, "deleted": 25, "quarantined": 0}
    (task,) = shown["tasks"]
    assert (task["deletions_withheld"], task["deletions_note"]) == (None, None)
    assert len(deleted(fleet, connection)) == 25


def test_a_record_that_comes_back_is_undeleted(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [3, 50])
    assert counters(walk(fleet, connection)) == (0, 0, 118, 2, 0)
    remove(fleet, connection, [50])
    assert counters(walk(fleet, connection)) == (0, 1, 118, 0, 0)
    assert live(fleet, connection) == served(fleet, connection)
    remove(fleet, connection, [3, 50])
    assert counters(walk(fleet, connection)) == (0, 0, 118, 1, 0)


def test_a_walk_of_what_changed_deletes_nothing(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [3])
    fleet.simulator.account("smith", version=2, changed_share=0.1)
    task = walk(fleet, connection, mode="incremental")
    assert (task["mode"], task["records_deleted"]) == ("incremental", 0)
    assert counters(walk(fleet, connection))[3] == 1


def test_a_first_walk_that_only_asks_for_changes_is_complete_all_the_same(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    assert counters(walk(fleet, connection, mode="incremental")) == (120, 0, 0, 0, 0)
    assert fleet.value("select full_walk_at is not null from resource_states")


# ---- what happens during the walk ----

def test_records_that_come_change_and_go_during_the_walk(fleet, tmp_path):
    """Pages shift by what is deleted: whatever the shift hides is there, and only two generations delete."""
    start(fleet)
    connection = fleet.connection("smith", records={RESOURCE: 500})
    walk(fleet, connection)
    before = served(fleet, connection)
    remove(fleet, connection, [450])
    fleet.simulator.dial("smith", "change", after=2, removed=5, changed=20, added=7)
    task = walk(fleet, connection)
    assert task["records_deleted"] == 0
    now = served(fleet, connection)
    assert len(now) == 501
    assert set(live(fleet, connection)) == set(before) | set(now)
    missed = {row["record_id"] for row in fleet.sql("select record_id from missing_records")}
    assert before[450] in missed and missed & set(now), "the shift hid nothing: the test proves nothing"
    assert walk(fleet, connection)["records_deleted"] == 6 - len(set(before) - set(now) - missed)
    assert walk(fleet, connection)["records_deleted"] == len(set(before) - set(now) - missed)
    assert live(fleet, connection) == now
    assert deleted(fleet, connection) == sorted(set(before) - set(now))


def test_two_walks_in_a_row_must_miss_a_record(fleet):
    start(fleet)
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [5, 6])
    assert counters(walk(fleet, connection)) == (0, 0, 118, 0, 0)
    remove(fleet, connection, [6])  # 5 was only missed
    assert counters(walk(fleet, connection)) == (0, 0, 119, 1, 0)
    remove(fleet, connection, [5, 6])
    assert counters(walk(fleet, connection))[3] == 0
    assert counters(walk(fleet, connection))[3] == 1
    assert live(fleet, connection) == served(fleet, connection)


def test_a_record_that_was_written_in_between_starts_over(fleet):
    start(fleet)
    connection = fleet.connection("smith", records={RESOURCE: 120})
    all_ids = served(fleet, connection)
    walk(fleet, connection)
    remove(fleet, connection, [5])
    walk(fleet, connection)
    fleet.sql(f"update {TABLE} set synced_at = now() where id = %s", all_ids[5])
    assert walk(fleet, connection)["records_deleted"] == 0
    assert walk(fleet, connection)["records_deleted"] == 1


def test_what_others_write_during_the_walk_is_no_candidate(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120}, latency_ms=300)
    walk(fleet, connection)
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] == 1, what="the first page")
    fleet.sql(f"insert into {TABLE} (connection_id, tenant_id, id, payload, content_hash) values (%s, %s, 'webhook', '{{}}', 0)",
              connection.id, connection.tenant.id)
    fleet.wait_for_sync(sync, state="completed")
    assert fleet.tasks(sync)[0]["records_deleted"] == 0
    assert walk(fleet, connection)["records_deleted"] == 1
    assert deleted(fleet, connection) == ["webhook"]


def test_a_walk_that_loses_its_cursor_proves_what_its_second_beginning_shows(fleet, tmp_path):
    """A changed declaration makes the cursor worthless; the pages of the walk until then prove nothing."""
    start(fleet, declarations(tmp_path / "one", strategy("generation")), slice__pages=1)
    connection = fleet.connection("smith", records={RESOURCE: 330}, latency_ms=200)
    walk(fleet, connection)
    remove(fleet, connection, [7])
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] == 2, what="two pages")
    remove(fleet, connection, [3, 7, 300])  # 3 was shown already
    other = declarations(tmp_path / "other", lambda name, text: strategy("generation")(name, text).replace("size = 100;", "size = 90;"))
    fleet.restart(fleet.workers[0], providers__dir=other)
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert task["records_deleted"] == 3 and task["deletions_note"] is None
    assert live(fleet, connection) == served(fleet, connection)
    assert_nothing_left(fleet)


def test_a_cursor_that_expires_in_the_middle_begins_a_walk_of_its_own(fleet, tmp_path):
    """Pages by cursor. What the walk showed before its cursor was over is no proof that it is there still."""
    def generation(name, text):
        return text.replace('keep_payload = false;', 'deletion = { strategy = "generation"; };') if name == "bench" else text
    fleet.sql("alter table bench_contacts add payload jsonb")
    start(fleet, declarations(tmp_path / "one", generation))
    connection = fleet.connection("1", "bench", records={"contacts": 450}, latency_ms=100)
    walk(fleet, connection)
    fleet.simulator.dial("1", "expired_cursor", after=3)
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] >= 1, what="the first page")
    remove(fleet, connection, [5, 430])
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert task["page"] > 5 and task["records_deleted"] == 2 and task["deletions_note"] is None
    assert set(ids(fleet.rows(connection.id, "bench", RESOURCE))) == {str(row["id"]) for row in fleet.simulator.rows("1", RESOURCE, "bench")}
    assert_nothing_left(fleet)


def test_a_walk_without_all_of_its_pages_proves_nothing(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 330}, latency_ms=100)
    walk(fleet, connection)
    remove(fleet, connection, [7])
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["page"] >= 2, what="two pages")
    fleet.sql("delete from seen_pages where page = 1")
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert task["records_deleted"] == 0
    assert task["deletions_note"] == "not every page of the walk was kept: it does not prove what is gone"
    assert logged(fleet, "generation_incomplete")["reason"] == task["deletions_note"]
    assert counters(walk(fleet, connection))[3] == 1


# ---- quarantine ----

def test_a_quarantined_record_was_seen(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [50])
    fleet.simulator.dial("smith", "nul_text")
    task = walk(fleet, connection)
    assert counters(task) == (0, 0, 118, 1, 1)
    assert live(fleet, connection) == served(fleet, connection)


def test_a_record_of_which_not_even_the_id_is_known_makes_the_walk_prove_nothing(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [50])
    fleet.simulator.dial("smith", "null_id")
    task = walk(fleet, connection)
    assert counters(task) == (0, 0, 118, 0, 1)
    assert task["deletions_note"] == "the id of 1 quarantined records is not known: the walk does not prove what is gone"
    assert counters(walk(fleet, connection)) == (0, 0, 119, 1, 0)


# ---- the guard ----

def withheld(fleet):
    return fleet.ctl("get", "deletions")


def test_too_many_deletions_are_withheld_until_somebody_accepts_them(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 200})
    walk(fleet, connection)
    remove(fleet, connection, range(61))
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert counters(task) == (0, 0, 139, 0, 0)
    (shown,) = fleet.api("GET", f"/v1/syncs/{sync}").body["tasks"]
    assert shown["deletions_withheld"] == 61
    assert shown["deletions_note"] == "61 of 200 records are gone, more than 30 %: nothing is deleted until an operator accepts it"
    (row,) = withheld(fleet)
    assert (row["connection_id"], row["resource"], row["records"], row["of"], row["accepted"]) == \
        (connection.id, RESOURCE, 61, 200, False)
    line = logged(fleet, "deletions_withheld")
    assert (line["records"], line["of"]) == (61, 200)
    metrics = fleet.admin(fleet.workers[0], "/metrics").body
    assert re.search(r'deletions_withheld_total\{provider="practicepanther",resource="contacts"\} 1\b', metrics)

    assert walk(fleet, connection)["deletions_withheld"] == 61  # still
    fleet.ctl("deletions", "accept", f"--connection={connection.id}", f"--resource={RESOURCE}")
    assert withheld(fleet)[0]["accepted"] is True
    task = walk(fleet, connection)
    assert counters(task) == (0, 0, 139, 61, 0) and task["deletions_withheld"] is None
    assert withheld(fleet) == []
    assert live(fleet, connection) == served(fleet, connection)


def test_what_was_accepted_is_so_many_records_and_not_whatever_comes(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 200})
    walk(fleet, connection)
    remove(fleet, connection, range(70))
    assert walk(fleet, connection)["deletions_withheld"] == 70
    fleet.ctl("deletions", "accept", f"--connection={connection.id}", f"--resource={RESOURCE}")
    remove(fleet, connection, range(200))
    task = walk(fleet, connection)
    assert task["deletions_withheld"] == 200 and task["records_deleted"] == 0
    remove(fleet, connection, [])
    assert counters(walk(fleet, connection)) == (0, 0, 200, 0, 0)
    assert withheld(fleet) == []


def test_accepting_what_nobody_withholds_is_an_error(fleet):
    done = fleet.programs.run("syncctl", "deletions", "accept", f"--connection={'0' * 8}-0000-4000-8000-{'0' * 12}",
                              "--resource=contacts", settings=fleet.ctl.settings)
    assert done.returncode == 3 and "no deletions of contacts are withheld" in done.stderr


def test_small_accounts_are_not_held_up(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 12})
    walk(fleet, connection)
    remove(fleet, connection, range(10))
    assert counters(walk(fleet, connection)) == (0, 0, 2, 10, 0)


@pytest.mark.parametrize("percent, removed, gone", [(5, 11, 0), (100, 200, 200)])
def test_the_workers_own_threshold(fleet, tmp_path, percent, removed, gone):
    start(fleet, declarations(tmp_path / "one", strategy("generation")), deletions__max_percent=percent)
    connection = fleet.connection("smith", records={RESOURCE: 200})
    walk(fleet, connection)
    remove(fleet, connection, range(removed))
    assert walk(fleet, connection)["records_deleted"] == gone


# ---- when a complete walk is due ----

def test_a_walk_of_what_changed_becomes_complete_when_one_is_due(generations):
    fleet = generations
    connection = fleet.connection("smith", records={RESOURCE: 120})
    walk(fleet, connection)
    remove(fleet, connection, [3])
    assert walk(fleet, connection, mode="incremental")["mode"] == "incremental"
    fleet.sql("update resource_states set full_walk_at = now() - interval '8 days'")
    sync = fleet.sync(connection, [RESOURCE], mode="incremental")
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert (task["mode"], counters(task)) == ("full", (0, 0, 119, 1, 0))
    (event,) = [event for event in fleet.wait_for_events([sync]) if event["task_id"] == task["task_id"]]
    assert event["mode"] == "full"
    assert walk(fleet, connection, mode="incremental")["mode"] == "incremental"


# ---- crashes ----

POINTS = {"sweep_before_step": 14, "sweep_after_step": 13, "sweep_before_publish": 2}


@pytest.mark.parametrize("name, nth", [(name, nth) for name, last in POINTS.items() for nth in range(last - 4 if last > 4 else last, last + 1, 2)])
def test_killed_in_the_sweep_and_started_again_deletes_the_same(fleet, tmp_path, name, nth):
    providers = declarations(tmp_path / "one", strategy("generation"))
    fleet.send_events_again_after(300)
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(env=fleet.with_failpoint(name, nth), providers__dir=providers, **SMALL_STEPS, **WORKER_SOON)
    connection = fleet.connection("smith", records={RESOURCE: 250})
    first = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_for_sync(first, state="completed")
    remove(fleet, connection, range(0, 250, 4))
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: not worker.running, 30, "the failpoint")
    assert worker.wait() == -signal.SIGKILL
    fleet.restart(worker)
    fleet.wait_for_sync(sync, state="completed")
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert counters(task) == (0, 0, 187, 63, 0)
    assert len(deleted(fleet, connection)) == 63
    assert_nothing_left(fleet)
    assert fleet.value("select count(*) from missing_records") == 0


# ---- others take over ----

def in_the_middle_of_deleting(fleet, connection, providers, **settings):
    """A sync whose sweep has deleted some of 60 records, in steps of one, and not all; and the worker that does it."""
    fleet.start_producer(**PRODUCER_SOON)
    worker = fleet.start_worker(providers__dir=providers, deletions__step_rows=1, **WORKER_SOON, **settings)
    first = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_for_sync(first, state="completed", timeout=60)
    remove(fleet, connection, range(0, 240, 4))
    sync = fleet.sync(connection, [RESOURCE], mode="full")
    fleet.wait_until(lambda: 0 < fleet.tasks(sync)[0]["records_deleted"], 60, "the first deletion")
    return sync, worker


def assert_deleted_once(fleet, connection, sync):
    fleet.wait_for_sync(sync, state="completed", timeout=60)
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert counters(task) == (0, 0, 180, 60, 0)
    assert len(deleted(fleet, connection)) == 60
    assert_nothing_left(fleet)


def test_a_worker_that_is_frozen_in_the_sweep_and_thaws_deletes_nothing_more(fleet, tmp_path):
    providers = declarations(tmp_path / "one", strategy("generation"))
    connection = fleet.connection("smith", records={RESOURCE: 240})
    sync, worker = in_the_middle_of_deleting(fleet, connection, providers)
    worker.freeze()
    assert fleet.tasks(sync)[0]["records_deleted"] < 60, "frozen too late: the test proves nothing"
    fleet.start_worker(providers__dir=providers, **SMALL_STEPS, **WORKER_SOON)
    fleet.wait_for_sync(sync, state="completed", timeout=60)
    fleet.sql(f"update {TABLE} set deleted_at = null where deleted_at is not null")  # who deletes again shows itself
    worker.thaw()
    fleet.wait_until(lambda: "task_lost" in worker.tail(1000) or "declared_dead" in worker.tail(1000), what="the thawed worker to notice")
    assert deleted(fleet, connection) == []
    assert fleet.tasks(sync)[0]["records_deleted"] == 60


def test_a_worker_that_is_stopped_in_the_sweep_gives_it_back(fleet, tmp_path):
    providers = declarations(tmp_path / "one", strategy("generation"))
    connection = fleet.connection("smith", records={RESOURCE: 240})
    sync, worker = in_the_middle_of_deleting(fleet, connection, providers)
    worker.stop()
    (task,) = fleet.tasks(sync)
    assert (task["state"], task["owner"]) in (("queued", None), ("dispatched", None)) and 0 < task["records_deleted"] < 60
    fleet.start_worker(providers__dir=providers, **SMALL_STEPS, **WORKER_SOON)
    assert_deleted_once(fleet, connection, sync)


def test_a_sync_that_is_cancelled_in_the_sweep_deletes_no_more(fleet, tmp_path):
    providers = declarations(tmp_path / "one", strategy("generation"))
    connection = fleet.connection("smith", records={RESOURCE: 240})
    sync, worker = in_the_middle_of_deleting(fleet, connection, providers)
    assert fleet.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    fleet.wait_for_sync(sync, state="cancelled")
    (task,) = fleet.tasks(sync)
    fleet.wait_until(lambda: "task_lost" in worker.tail(1000), what="the worker to drop it")
    assert 0 < task["records_deleted"] < 60
    assert len(deleted(fleet, connection)) == fleet.tasks(sync)[0]["records_deleted"] == task["records_deleted"]
    again = walk(fleet, connection)
    assert again["records_deleted"] == 60 - task["records_deleted"]
    assert live(fleet, connection) == served(fleet, connection)
