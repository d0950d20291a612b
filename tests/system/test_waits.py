# SPDX-License-Identifier: Apache-2.0
"""What follows from each class of error, where no other file has its test, and what failing tasks leave behind.

transient: test_dials (tries, over parked waits, too), test_breakers; throttled: test_dials, test_limits, and the token
endpoint's in test_tokens; token, auth: test_dials, test_tokens; cursor: here; cap: test_zoho; stalled: test_dials and here;
permanent: test_dials and here; database: test_chaos (restarts and lost sessions of PostgreSQL)."""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.letters import assert_dead_letter

PAGES = {"leads": 450}  # of 200


# --- cursor ---

def expired(fleet, account, *at):
    """The requests with these numbers, from 0, meet a cursor that has expired."""
    for number in at:
        fleet.simulator.dial(account, "expired_cursor", after=number)


def restarts(fleet):
    return [event for worker in fleet.workers for event in worker.events("walk_restarted")]


def test_an_expired_cursor_is_told_and_everything_is_walked_anew(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", "zoho", records=PAGES)
    sync = fleet.sync(connection, ["leads"])
    fleet.wait_for_sync(sync, state="completed")
    fleet.simulator.account("acct-1", version=2, changed_share=1)
    expired(fleet, "acct-1", 1)
    sync = fleet.sync(connection, ["leads"], mode="incremental")
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert (task["mode"], task["restarts"], task["records_updated"]) == ("full", 1, 450)
    assert task["records_unchanged"] == 200  # the page before, again
    (told,) = restarts(fleet)
    assert told["task_id"] == task["task_id"] and "page token has expired" in told["reason"]
    assert 'class="cursor"} 1' in fleet.admin(fleet.workers[0], "/metrics").body
    since = [entry["query"] for entry in fleet.simulator.log("acct-1") if entry["path"].endswith("/Leads")]
    assert len(since) == 3 + 2 + 3
    served = {record["id"]: record for record in fleet.simulator.rows("acct-1", "leads", "zoho")}
    stored = {row["id"]: row["payload"] for row in fleet.rows(connection.id, "zoho", "leads")}
    assert stored == served


def test_a_walk_is_begun_anew_once_however_many_slices_it_has(fleet):
    """And the failure says why, instead of a loop."""
    fleet.start_producer()
    first = fleet.start_worker()
    connection = fleet.connection("acct-1", "zoho", records=PAGES, latency_ms=100)
    expired(fleet, "acct-1", 1, 4)
    sync = fleet.sync(connection, ["leads"])
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["restarts"] and fleet.tasks(sync)[0]["page"] >= 2, what="a page of the new walk")
    first.stop()  # the second half is another worker's
    fleet.start_worker()
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert (task["error_class"], task["restarts"]) == ("stalled", 1)
    assert "begun anew already" in task["error_message"] and "page token has expired" in task["error_message"]
    headers = assert_dead_letter(fleet, task)
    assert "EXPIRED_VALUE" in headers["x-dlq-response-body"] and len(restarts(fleet)) == 1


# --- evidence ---

def test_a_dead_letter_shows_the_request_the_answer_and_when_it_began(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__max_attempts=3, retry__park_after_ms=0)
    connection = fleet.connection("acct-1", records={"contacts": 250})
    fleet.simulator.dial("acct-1", "server_error", times=-1, after=1, status=502, retry_after="1")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.sql("select task_id from task_evidence"), what="the first failed try to be noted")
    (noted,) = fleet.sql("select * from task_evidence")
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    (kept,) = fleet.sql("select *, iso_time(first_failed_at) as first, iso_time(last_failed_at) as last from task_evidence")
    assert noted["first_failed_at"] == kept["first_failed_at"] < kept["last_failed_at"] <= task["ended_at"]
    failed = [entry for entry in fleet.simulator.log("acct-1") if entry["status"] == 502]
    assert kept["first_failed_at"].timestamp() >= failed[0]["ms"] / 1000 - 0.01
    assert kept["last_failed_at"].timestamp() >= failed[2]["ms"] / 1000 - 0.01

    headers = assert_dead_letter(fleet, task, 3)
    assert (headers["x-dlq-first-failed-at"], headers["x-dlq-last-failed-at"]) == (kept["first"], kept["last"])
    assert re.fullmatch(r"GET http://127\.0\.0\.1:\d+/api/v2/contacts\?\S*\$skip=100\S*", headers["x-dlq-request"])
    assert headers["x-dlq-response-status"] == "502" and "<html>" in headers["x-dlq-response-body"].lower()
    assert json.loads(headers["x-dlq-response-headers"])["Retry-After"] == "1"
    assert (kept["request"], kept["response_body"]) == (headers["x-dlq-request"], headers["x-dlq-response-body"])


def test_what_failed_before_a_page_that_went_well_is_forgotten(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__park_after_ms=0)
    connection = fleet.connection("acct-1", records={"contacts": 250})
    fleet.simulator.dial("acct-1", "server_error", times=1)
    fleet.simulator.dial("acct-1", "server_error", times=-1, after=2, status=404)
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    headers = assert_dead_letter(fleet, task)
    assert headers["x-dlq-first-failed-at"] == headers["x-dlq-last-failed-at"] and headers["x-dlq-response-status"] == "404"


def test_a_call_without_an_answer_leaves_its_request(fleet):
    fleet.start_producer()
    fleet.start_worker(retry__max_attempts=2)
    connection = fleet.connection("acct-1", records={"contacts": 250})
    fleet.simulator.dial("acct-1", "cut", times=-1)
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    headers = assert_dead_letter(fleet, fleet.tasks(sync)[0], 2)
    assert headers["x-dlq-request"].startswith("GET http://")
    assert not {"x-dlq-response-status", "x-dlq-response-headers", "x-dlq-response-body"} & headers.keys()


def test_what_the_database_refuses_is_not_explained_by_an_answer(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 250})
    fleet.simulator.dial("acct-1", "server_error", after=1)
    fleet.sql("create function refuse() returns trigger language plpgsql as $$ begin raise 'no' using errcode = '42501'; end $$")
    fleet.sql("create trigger refuse before insert on practicepanther_contacts for each statement execute function refuse()")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_for_sync(sync, state="failed")
    headers = assert_dead_letter(fleet, fleet.tasks(sync)[0])
    assert not {"x-dlq-request", "x-dlq-response-status", "x-dlq-response-body"} & headers.keys()


class Echo(BaseHTTPRequestHandler):
    """A provider that answers with everything it was sent, in every place and form."""

    def do_GET(self):
        token = self.headers["Authorization"].split()[1]
        said = {"message": f"what is {token}?", "headers": dict(self.headers), "escaped": token.replace("/", "\\/"),
                "refresh_token": "rt-canary-1", "nested": {"client_secret": {"was": "canary-secret"}},
                "text": json.dumps({"access_token": "at-canary-9"}), "form": "client_secret=canary-form&x=1", "filler": "x" * 9000}
        body = json.dumps(said).encode()
        self.send_response(422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Request-Id", f"request-of-{token}")
        self.send_header("Set-Cookie", "session=canary-cookie")
        self.send_header("WWW-Authenticate", f"Bearer {token}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_secret_is_in_the_evidence(fleet, echo):
    fleet.start_producer()
    worker = fleet.start_worker(providers__origins=f"practicepanther={echo}")
    connection = fleet.connection("canary", records={"contacts": 10})
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    headers = assert_dead_letter(fleet, fleet.tasks(sync)[0])
    body = headers["x-dlq-response-body"]
    assert "[redacted]" in body and "what is [redacted]?" in body and "bytes in all" in body and len(body) < 4300
    assert "canary" not in str({**headers, "x-dlq-request": ""})
    assert "at-canary" not in headers["x-dlq-request"]
    assert json.loads(headers["x-dlq-response-headers"])["X-Request-Id"] == "request-of-[redacted]"
    (kept,) = fleet.sql("select t::text as text from task_evidence t")
    assert "at-canary" not in kept["text"] and "canary-" not in kept["text"]
    assert "at-canary" not in worker.log.read_text()


# --- waits ---

def test_a_sync_says_what_it_waits_for_and_until_when(fleet):
    """Of its tasks that wait until a known time, the first one's."""
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 10, "matters": 10, "tasks": 10})
    fleet.simulator.dial("acct-1", "throttle", resource="contacts", retry_after="900")
    fleet.simulator.dial("acct-1", "throttle", resource="matters", retry_after="300", status=503)
    sync = fleet.sync(connection)
    fleet.wait_until(lambda: [task["state"] for task in fleet.tasks(sync)].count("waiting") == 2, what="two tasks to wait")
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    due = fleet.value("select iso_time(min(due_at)) from sync_tasks where state = 'waiting'")
    assert (shown["state"], shown["waits_for"], shown["waits_until"]) == ("running", "HTTP 503", due)
    by_resource = {task["resource"]: task["waits_for"] for task in shown["tasks"]}
    assert by_resource == {"contacts": "HTTP 429", "matters": "HTTP 503", "tasks": None}
    fleet.sql("update sync_tasks set due_at = now() where state = 'waiting'")
    fleet.wait_for_sync(sync, state="completed")
    shown = fleet.api("GET", f"/v1/syncs/{sync}").body
    assert (shown["waits_for"], shown["waits_until"]) == (None, None)
