# SPDX-License-Identifier: Apache-2.0
"""Deletions by the provider's own feed: stored with its page, once, and not against what the walk itself has shown."""
import json
import threading
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.letters import declarations

PAGE = 10

DECLARATION = """
name = "shelf";
base_url = "http://127.0.0.1:%d";
auth = { kind = "bearer"; };
resources = ( {
  name = "books";
  table = "shelf_books";
  path = "/books";
  params = ( { name = "page"; value = "${page.number}"; }, { name = "since"; value = "${since}"; } );
  records = "books";
  id = ["id"];
  paging = { strategy = "page"; size = 10; stop = "more_flag"; more = "more"; };
  incremental = { watermark = "walk_start"; };
  deletion = {
    strategy = "feed";
    path = "/gone";
    params = ( { name = "page"; value = "${page.number}"; }, { name = "since"; value = "${since}"; } );
    records = "gone";
    id = ["id"];
    time = "at";
    paging = { strategy = "page"; size = 10; stop = "more_flag"; more = "more"; };
  };
  columns = ( { name = "title"; path = "title"; type = "text"; } );
} );
"""

TABLE = """
create table shelf_books (
    connection_id uuid not null, tenant_id uuid not null, id text collate "C" not null, title text, payload jsonb not null,
    content_hash bigint not null, first_seen_at timestamptz not null default now(),
    synced_at timestamptz not null default now(), deleted_at timestamptz, primary key (connection_id, id))
"""


class Shelf:
    """An API with two lists: books, and what is gone; both by pages, the second as the test says."""

    def __init__(self):
        shelf = self
        self.books, self.gone, self.asked = {}, [], []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                url = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                shelf.asked.append((url.path, query.get("since")))
                rows = shelf.changed("since" in query) if url.path == "/books" else shelf.gone
                at = (int(query["page"]) - 1) * PAGE
                body = json.dumps({url.path[1:]: rows[at:at + PAGE], "more": at + PAGE < len(rows)}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.fresh = set()  # ids that a walk of what changed shows
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def changed(self, only):
        return [{"id": id, "title": title} for id, title in sorted(self.books.items()) if not only or id in self.fresh]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def shelf(fleet, tmp_path):
    """A shelf of 25 books, a fleet that knows it, and a connection: all in one object."""
    shelf = Shelf()
    providers = declarations(tmp_path / "providers")
    (providers / "shelf.cfg").write_text(DECLARATION % shelf.port)
    fleet.sql(TABLE)
    fleet.ctl("topics", "create", f"--providers.dir={providers}", "--partitions=2", "--replicas=1")
    fleet.start_producer(providers__dir=providers)
    fleet.start_worker(providers__dir=providers)
    (shelf.connection,) = fleet.ctl.connections([{"tenant": fleet.tenant.name, "provider": "shelf", "external_id": "one",
                                                  "access_token": "token"}])
    shelf.books = {f"b{n:02d}": f"title {n}" for n in range(25)}
    shelf.fleet = fleet
    yield shelf
    shelf.close()


def walk(shelf, mode="incremental"):
    answer = shelf.fleet.api("POST", "/v1/syncs", {"provider": "shelf", "connection_id": shelf.connection, "mode": mode})
    assert answer.status == 202, answer
    shelf.fleet.wait_for_sync(answer.body["sync_id"], state="completed")
    (task,) = shelf.fleet.tasks(answer.body["sync_id"])
    return task


def counters(task):
    return tuple(task[f"records_{name}"] for name in ("inserted", "updated", "unchanged", "deleted", "quarantined"))


def live(shelf):
    return {row["id"] for row in shelf.fleet.rows(shelf.connection, "shelf", "books")}


def take(shelf, *ids, at="2026-01-02T03:04:05+01:00"):
    for id in ids:
        shelf.books.pop(id, None)
        shelf.gone.append({"id": id, **({"at": at} if at else {})})


def deleted_at(shelf, id):
    return shelf.fleet.value("select deleted_at from shelf_books where id = %s", id)


def test_what_the_feed_lists_is_deleted_at_its_time(shelf):
    assert counters(walk(shelf)) == (25, 0, 0, 0, 0)
    assert {path for path, _ in shelf.asked} == {"/books"}, "there is nothing to delete before the first walk"
    take(shelf, "b03", "b17", "nobody")
    take(shelf, "b04", at=None)
    task = walk(shelf)
    assert counters(task) == (0, 0, 0, 3, 0)
    assert live(shelf) == set(shelf.books)
    assert deleted_at(shelf, "b03") == datetime(2026, 1, 2, 2, 4, 5, tzinfo=timezone.utc)
    assert datetime.now(timezone.utc) - deleted_at(shelf, "b04") < timedelta(minutes=1)
    (event,) = [event for event in shelf.fleet.results() if event["task_id"] == task["task_id"]]
    assert event["records_deleted"] == 3
    assert counters(walk(shelf)) == (0, 0, 0, 0, 0), "listed again, deleted once"


def test_a_feed_of_many_pages_with_repeats(shelf):
    walk(shelf)
    take(shelf, *(f"b{n:02d}" for n in range(22)))
    shelf.gone += shelf.gone
    assert counters(walk(shelf)) == (0, 0, 0, 22, 0)
    assert live(shelf) == {"b22", "b23", "b24"}, "the provider's own feed is proof: no guard"


@pytest.mark.parametrize("mode, unchanged", [("incremental", 1), ("full", 25)])
def test_a_record_that_the_walk_shows_is_there_whatever_the_feed_says(shelf, mode, unchanged):
    walk(shelf)
    shelf.fresh = {"b05"}  # it was restored: shown, and unchanged, so that it is not even written
    shelf.gone.append({"id": "b05", "at": "2026-01-02T03:04:05Z"})
    assert counters(walk(shelf, mode)) == (0, 0, unchanged, 0, 0)
    assert live(shelf) == set(shelf.books)
    shelf.fresh = set()
    take(shelf, "b05")
    assert counters(walk(shelf)) == (0, 0, 0, 1, 0)


def test_a_restored_record_is_undeleted(shelf):
    walk(shelf)
    take(shelf, "b05")
    assert counters(walk(shelf))[3] == 1
    shelf.books["b05"] = "title 5"
    shelf.fresh = {"b05"}
    assert counters(walk(shelf)) == (0, 1, 0, 0, 0)
    assert live(shelf) == set(shelf.books)


def test_a_full_walk_asks_the_feed_and_concludes_nothing_from_absence(shelf):
    walk(shelf)
    shelf.books.pop("b00")  # gone without a word: another filter, another right
    take(shelf, "b01")
    assert counters(walk(shelf, "full")) == (0, 0, 23, 1, 0)
    assert "b00" in live(shelf)


def test_an_entry_without_an_id_is_put_aside(shelf):
    walk(shelf)
    take(shelf, "b01")
    shelf.gone.append({"at": "2026-01-02T03:04:05Z"})
    assert counters(walk(shelf)) == (0, 0, 0, 1, 1)
    (bad,) = shelf.fleet.sql("select column_name, reason from dead_records")
    assert (bad["column_name"], bad["reason"]) == ("id", "missing")


def test_nothing_that_was_kept_is_left(shelf):
    walk(shelf)
    take(shelf, "b01")
    walk(shelf, "full")
    assert shelf.fleet.value("select count(*) from seen_pages") == 0
