# SPDX-License-Identifier: Apache-2.0
"""Each way in which a provider misbehaves: the sync still ends with the right rows, or fails with the right class, reason
and dead letter, and nothing else suffers."""
import pytest

from harness.faithful import assert_faithful
from harness.letters import assert_dead_letter, dead_letters, declarations

RECORDS = {"contacts": 250}
PAGES = 4  # of 100, and the empty one that ends the walk


def short_timeout(_, text):
    return text.replace('records = "";', 'records = ""; timeout_s = 1;')


def synced(fleet, connection, resources=("contacts",), state="completed", **how):
    sync = fleet.sync(connection, list(resources), mode="full")
    fleet.wait_for_sync(sync, state=state, **how)
    (task,) = fleet.tasks(sync)
    return sync, task


def hits(fleet, account, dial):
    """Requests of the account that this dial met."""
    return [entry for entry in fleet.simulator.log(account) if dial in entry["dials"]]


PASSING = {
    "429 without Retry-After": ("throttle", {"times": 2}),
    "429 with Retry-After in seconds": ("throttle", {"times": 2, "retry_after": "1"}),
    "503 with Retry-After": ("throttle", {"times": 1, "status": 503, "retry_after": "1"}),
    "500": ("server_error", {"times": 2}),
    "502 behind good pages": ("server_error", {"times": 2, "status": 502, "after": 2}),
    "503 without Retry-After": ("server_error", {"times": 1, "status": 503}),
    "408": ("server_error", {"times": 1, "status": 408}),
    "no answer and a closed connection": ("hang", {"times": 2, "ms": 50}),
    "no answer": ("hang", {"times": 1}),
    "a cut body": ("cut", {"times": 2, "after": 1}),
    "a slow answer": ("latency", {"times": 2, "ms": 300}),
    "an expired token": ("expire_token", {"after": 1}),
    "401 once": ("unauthorized", {"after": 1}),
    "blanks behind the body": ("huge", {"bytes": 1 << 20}),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_costs_nothing_but_time(fleet, tmp_path, name):
    dial, options = PASSING[name]
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", short_timeout))
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", dial, **options)
    sync, task = synced(fleet, connection)
    assert_faithful(fleet, [sync])
    met = hits(fleet, "acct-1", dial)
    assert len(met) == options.get("times", 1)
    assert (task["records_inserted"], task["page"], task["attempts"]) == (250, PAGES, 0)
    assert not dead_letters(fleet)
    if "retry_after" in options:
        assert_waited_for_each(fleet, met, 1000)


def assert_waited_for_each(fleet, met, ms):
    """No call came earlier after a refusal than the provider had asked for."""
    log = fleet.simulator.log("acct-1")
    for entry in met:
        after = next(later for later in log if later["seq"] > entry["seq"])
        assert after["ms"] - entry["ms"] >= ms


# dial, options: class, reason, tries of the page
FAILING = {
    "500 for ever": ("server_error", {"times": -1}, "transient", "HTTP 500", 3),
    "500 for ever behind a good page": ("server_error", {"times": -1, "after": 1}, "transient", "HTTP 500", 3),
    "cut for ever": ("cut", {"times": -1}, "transient", "127.0.0.1", 3),
    "no answer for ever": ("hang", {"times": -1}, "transient", "imed out", 3),
    "403": ("server_error", {"times": -1, "status": 403}, "permanent", "HTTP 403", 1),
    "404": ("server_error", {"times": -1, "status": 404}, "permanent", "HTTP 404", 1),
    "401 for ever": ("unauthorized", {"times": -1}, "token", "HTTP 401", 1),
    "half a document": ("broken_json", {}, "permanent", "the body cannot be read", 1),
    "a page of HTML": ("html", {}, "permanent", "the body cannot be read", 1),
    "more than http.body_max_bytes": ("huge", {"bytes": 20 << 20}, "permanent", "16777216 bytes", 1),
    "a page again": ("repeated_page", {"after": 1}, "stalled", "begins with the record of an earlier page again", 1),
    "the first page for ever": ("cursor_loop", {"times": -1}, "stalled", "begins with the record of an earlier page again", 1),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_pass_fails_with_its_class_and_a_dead_letter(fleet, tmp_path, name):
    dial, options, error_class, reason, tries = FAILING[name]
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", short_timeout), retry__max_attempts=3)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", dial, **options)
    sync, task = synced(fleet, connection, state="failed")
    assert task["error_class"] == error_class and reason in task["error_message"], task
    assert_dead_letter(fleet, task, tries)
    events = assert_faithful(fleet, [sync])
    (end,) = [event for event in events if event["sync_id"] == sync]
    assert (end["event_type"], end["error_class"]) == ("sync.failed", error_class) and reason in end["error_message"]
    assert stored_is_what_was_read(fleet, connection, task)
    assert worker_goes_on(fleet)


def stored_is_what_was_read(fleet, connection, task):
    """Whole pages only, and no more than the task says."""
    stored = len(fleet.rows(connection.id, "practicepanther", "contacts"))
    return stored == task["records_inserted"] == min(100 * task["page"], 250)


def worker_goes_on(fleet):
    """One account's trouble is its own."""
    other = fleet.connection("acct-2", records={"contacts": 10})
    assert_faithful(fleet, [fleet.sync(other, ["contacts"])])
    return True


@pytest.mark.parametrize("dial", ["null_id", "nul_text"])
def test_a_record_that_cannot_be_stored_is_put_aside(fleet, dial):
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", dial, after=1)
    _, task = synced(fleet, connection)
    assert (task["records_inserted"], task["records_quarantined"]) == (249, 1)
    assert len(fleet.rows(connection.id, "practicepanther", "contacts")) == 249


def test_a_long_wait_parks_the_task_and_frees_its_slot(fleet):
    fleet.start_producer()
    worker = fleet.start_worker(worker__slots=1)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "throttle", after=1, retry_after="600")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the task to be parked")
    (task,) = fleet.tasks(sync)
    seconds = fleet.value("select extract(epoch from due_at - now())::float8 from sync_tasks")
    assert 595 < seconds < 670 and task["owner"] is None and task["attempts"] == 0
    (shown,) = fleet.api("GET", f"/v1/syncs/{sync}").body["tasks"]
    assert (shown["state"], shown["waits_for"]) == ("waiting", "HTTP 429") and shown["waits_until"] is not None
    assert shown["waits_until"] == fleet.value("select iso_time(due_at) from sync_tasks")
    assert worker_goes_on(fleet)  # in the only slot

    fleet.sql("update sync_tasks set due_at = now() where state = 'waiting'")  # ten minutes later
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert (task["state"], task["epoch"], task["wait_reason"]) == ("completed", 2, None)
    assert not worker.events("task_failed")


def test_a_parked_task_goes_on_by_itself(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__park_after_ms=0)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "server_error", times=3, after=1)
    fleet.simulator.dial("acct-1", "throttle", retry_after="1")
    sync, task = synced(fleet, connection)
    assert_faithful(fleet, [sync])
    assert task["epoch"] > 3  # claimed again after each wait


def test_tries_are_counted_over_parked_waits(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__park_after_ms=0, retry__max_attempts=3)
    connection = fleet.connection("acct-1", records=RECORDS)
    fleet.simulator.dial("acct-1", "server_error", times=-1)
    _, task = synced(fleet, connection, state="failed")
    assert task["error_class"] == "transient"
    assert_dead_letter(fleet, task, 3)
    assert len(hits(fleet, "acct-1", "server_error")) == 3
