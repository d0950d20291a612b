# SPDX-License-Identifier: Apache-2.0
"""Providers that are declared and not programmed: one that no build has seen, PracticePanther, the benchmarks' mock, and
declarations that are wrong."""
import re
import shutil
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from harness.faithful import assert_faithful
from harness.ledger import ROOT
from harness.letters import assert_dead_letter, declarations

DECLARATIONS = ROOT / "tests" / "fixtures" / "declarations"
UNSEEN = DECLARATIONS / "unseen"
BAD = sorted((DECLARATIONS / "bad").glob("*.cfg"))
MIGRATIONS = sorted((ROOT / "schemas" / "migrations").glob("*.sql"))
EX_TEMPFAIL, EX_CONFIG = 75, 78


# ---- a provider that the build never saw ----

def with_acme(fleet, folder):
    """The project's declarations and Acme's, the project's migrations and Acme's behind them. Returns both folders."""
    migrations = folder / "migrations"
    migrations.mkdir()
    for path in MIGRATIONS:
        shutil.copy(path, migrations)
    shutil.copy(UNSEEN / "acme.sql", migrations / f"{len(MIGRATIONS) + 1:04d}_acme.sql")
    return declarations(folder / "providers", further=[UNSEEN / "acme.cfg"]), migrations


def acme_connection(fleet, account, widgets):
    fleet.simulator.account(account, records={"widgets": widgets})
    (made,) = fleet.ctl.connections([{"tenant": fleet.tenant.name, "provider": "acme", "external_id": account,
                                      "access_token": f"key-{account}"}])
    return made


def sync_acme(fleet, connection):
    answer = fleet.api("POST", "/v1/syncs", {"provider": "acme", "connection_id": connection, "mode": "full"})
    assert answer.status == 202, answer
    return answer.body["sync_id"]


def test_a_provider_is_one_declaration_and_one_migration(fleet, tmp_path):
    providers, migrations = with_acme(fleet, tmp_path)
    (applied,) = fleet.ctl("migrate", "up", f"--migrations={migrations}")
    assert (applied["name"], applied["state"]) == ("acme", "applied")
    made = fleet.ctl("topics", "create", f"--providers.dir={providers}", "--partitions=2", "--replicas=1")
    assert {fleet.topics.name("sync.tasks.acme"), fleet.topics.name("sync.tasks.acme.dlq")} <= {row["topic"] for row in made}
    fleet.start_producer(providers__dir=providers)
    fleet.start_worker(providers__dir=providers)
    connection = acme_connection(fleet, "acme-1", 230)
    catalog = {row["provider"]: row["resources"] for row in fleet.api("GET", "/v1/providers").body["providers"]}
    assert catalog["acme"] == ["widgets"]

    sync = sync_acme(fleet, connection)
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert (task["records_inserted"], task["page"], task["expected_records"]) == (230, 5, 230)
    for row, record in zip(fleet.rows(connection, "acme", "widgets"), fleet.simulator.rows("acme-1", "widgets")):
        assert (row["id"], row["sku"], row["title"]) == (record["sku"], record["sku"], record["title"])
        assert row["price"] == Decimal(record["price"]) and row["changed_at"] == instant(record["changed"])
        assert row["payload"] == record

    fleet.simulator.account("acme-1", version=2, changed_share=0.1)
    again = sync_acme(fleet, connection)
    assert_faithful(fleet, [again])
    (task,) = fleet.tasks(again)
    assert (task["records_updated"], task["records_unchanged"], task["records_inserted"]) == (23, 207, 0)

    fleet.simulator.dial("acme-1", "cursor_loop", times=-1)
    third = sync_acme(fleet, connection)
    fleet.wait_for_sync(third, state="failed")
    (task,) = fleet.tasks(third)
    assert task["error_class"] == "stalled"
    assert_dead_letter(fleet, task)


def test_a_missing_table_names_the_command(fleet, tmp_path):
    providers, _ = with_acme(fleet, tmp_path)
    done = fleet.programs.run("sync-worker", settings={**fleet.common, "providers.dir": providers})
    assert done.returncode == EX_TEMPFAIL
    assert "acme_widgets" in done.stderr and "acme.widgets" in done.stderr and "syncctl migrate up" in done.stderr


def test_a_column_that_the_table_lacks_names_it(fleet):
    fleet.sql("alter table practicepanther_tasks drop column priority")
    done = fleet.programs.run("sync-worker", settings=fleet.common)
    assert done.returncode == EX_TEMPFAIL
    assert "practicepanther_tasks" in done.stderr and "priority" in done.stderr and "syncctl migrate up" in done.stderr


# ---- PracticePanther ----

REFERENCES = {"account_id": ("account_ref", "id"), "account_name": ("account_ref", "display_name"),
              "matter_id": ("matter_ref", "id"), "matter_name": ("matter_ref", "display_name")}
OWN = {"connection_id", "tenant_id", "id", "payload", "content_hash", "first_seen_at", "synced_at", "deleted_at"}


def instant(text):
    """A time as the provider writes it; without a zone it is UTC."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def expected(record, column, stored):
    """What a column must hold for a served record."""
    outer, inner = REFERENCES.get(column, (column, None))
    value = record.get(outer)
    if inner:
        value = value and value.get(inner)
    return instant(value) if value and isinstance(stored, datetime) else value


def test_practicepanthers_records_in_their_columns(fleet):
    fleet.start()
    records = {"contacts": 320, "matters": 410, "tasks": 205}
    connection = fleet.connection("acct-1", records=records)
    assert_faithful(fleet, [fleet.sync(connection)])
    nulls = zones = naive = 0
    for resource, count in records.items():
        rows = fleet.rows(connection.id, "practicepanther", resource)
        assert len(rows) == count
        for row, record in zip(rows, fleet.simulator.rows("acct-1", resource)):
            assert row["id"] == record["id"] and row["payload"] == record
            for column in set(row) - OWN:
                want = expected(record, column, row[column])
                assert row[column] == want, (resource, column, row[column], record)
                nulls += want is None
            naive += not record.get("updated_at", "Z").endswith(("Z", "+00:00"))
            zones += record.get("updated_at", "").endswith("+00:00")
    assert nulls and zones and naive  # the data had what this is about
    columns = fleet.sql("select column_name from information_schema.columns where table_name = 'practicepanther_contacts'")
    assert "updated_at" not in {row["column_name"] for row in columns}


def queries(fleet, account, resource):
    """The parameters of each call of a resource."""
    return [{name: values[0] for name, values in parse_qs(entry["query"]).items()} for entry in fleet.simulator.log(account)
            if entry["path"] == f"/api/v2/{resource}"]


def test_incremental_asks_since_the_last_walk_began_less_an_overlap(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 300, "matters": 200})
    syncs = [fleet.sync(connection, ["contacts", "matters"], mode="incremental")]
    assert_faithful(fleet, syncs)  # nothing is known yet: everything
    assert not any("updated_since" in query for query in queries(fleet, "acct-1", "contacts"))
    marks = {row["resource"]: row["watermark"] for row in fleet.sql("select * from resource_states")}
    began = min(task["started_at"] for task in fleet.tasks(*syncs))
    second = timedelta(seconds=1)  # the provider's clock, which may be behind, is told by whole seconds
    assert set(marks) == {"contacts", "matters"} and all(mark > began - 2 * second for mark in marks.values())
    before = len(queries(fleet, "acct-1", "contacts"))

    fleet.simulator.account("acct-1", version=2, changed_share=0.05, records={"contacts": 310, "matters": 200})
    again = fleet.sync(connection, ["contacts", "matters"], mode="incremental")
    assert_faithful(fleet, [again])
    for task in fleet.tasks(again):
        fresh, changed = (10, 15) if task["resource"] == "contacts" else (0, 10)
        assert task["records_inserted"] == fresh and changed <= task["records_updated"] <= changed + 1, task
    asked = queries(fleet, "acct-1", "contacts")[before:]
    since = marks["contacts"].replace(microsecond=0) - timedelta(seconds=600)
    assert asked and all(instant(query["updated_since"]) == since for query in asked)
    later = fleet.value("select watermark from resource_states where resource = 'contacts'")
    assert later > marks["contacts"] - second

    fleet.simulator.dial("acct-1", "server_error", times=-1, status=404)
    failed = fleet.sync(connection, ["contacts"], mode="incremental")
    fleet.wait_for_sync(failed, state="failed")
    assert fleet.value("select watermark from resource_states where resource = 'contacts'") == later


def test_a_full_walk_asks_for_everything_in_order_of_id(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 250})
    for _ in range(2):
        assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    assert queries(fleet, "acct-1", "contacts") == 2 * [
        {"$top": "100", "$skip": str(skip), "$orderby": "id"} for skip in (0, 100, 200, 250)]


@pytest.mark.parametrize("dial, options", [
    ("repeated_page", {"after": 2}), ("cursor_loop", {"after": 2, "times": -1}), ("cursor_loop", {"after": 5, "times": -1, "to": 100}),
    ("cursor_loop", {"after": 1, "times": 1, "to": 0})], ids=["once", "the first page", "a page in the middle", "back once"])
def test_a_walk_that_goes_round_stops_with_evidence(fleet, dial, options):
    fleet.start()
    connection = fleet.connection("acct-1", records={"matters": 1000})
    fleet.simulator.dial("acct-1", dial, **options)
    sync = fleet.sync(connection, ["matters"], mode="full")
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "stalled"
    page, record = re.search(r"page (\d+) begins with the record of an earlier page again \((\S+)\)", task["error_message"]).groups()
    assert int(page) > options["after"] and record in [row["id"] for row in fleet.rows(connection.id, "practicepanther", "matters")]
    assert_dead_letter(fleet, task)
    assert len(queries(fleet, "acct-1", "matters")) <= 10  # and not for ever


def test_a_page_shorter_than_asked_for_is_not_the_last(fleet, tmp_path):
    """The largest $top is undocumented; the simulator's is 200."""
    providers = declarations(tmp_path / "providers", lambda _, text: text.replace('strategy = "offset"; size = 100;',
                                                                                 'strategy = "offset"; size = 500;'))
    fleet.start_producer()
    fleet.start_worker(providers__dir=providers)
    connection = fleet.connection("acct-1", records={"contacts": 450})
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    assert [query["$skip"] for query in queries(fleet, "acct-1", "contacts")] == ["0", "200", "400", "450"]


def test_an_expired_token_is_a_400_and_costs_one_refresh(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 350})
    fleet.simulator.dial("acct-1", "expire_token", after=2)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"], mode="full")])
    log = fleet.simulator.log("acct-1")
    assert [entry["status"] for entry in log] == [200, 200, 400, 200, 200, 200, 200]
    assert [entry["path"] for entry in log][3] == "/oauth/token"


def test_a_declaration_that_changed_under_a_walk_begins_it_anew(fleet, tmp_path):
    """Cursors carry the declaration's fingerprint: one that another declaration made is not guessed at."""
    fleet.start_producer()
    short = {"kafka__properties": "session.timeout.ms=6000;heartbeat.interval.ms=500"}
    worker = fleet.start_worker(**short)
    connection = fleet.connection("acct-1", records={"contacts": 350})
    fleet.simulator.dial("acct-1", "throttle", after=2, retry_after="600")
    sync = fleet.sync(connection, ["contacts"], mode="full")
    fleet.wait_until(lambda: fleet.tasks(sync)[0]["state"] == "waiting", what="the walk to be parked half-way")
    worker.kill()
    other = declarations(tmp_path / "providers", lambda _, text: text.replace("size = 100;", "size = 90;"))
    fleet.start_worker(providers__dir=other, **short)
    fleet.sql("update sync_tasks set due_at = now()")
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert (task["records_inserted"], task["records_unchanged"]) == (350, 200)
    assert len(fleet.rows(connection.id, "practicepanther", "contacts")) == 350


# ---- the benchmarks' mock ----

def test_bench(fleet):
    fleet.start()
    connection = fleet.connection("bench-1", "bench", records={"contacts": 330})
    sync = fleet.sync(connection, mode="full")
    assert_faithful(fleet, [sync])
    (task,) = fleet.tasks(sync)
    assert (task["records_inserted"], task["page"]) == (330, 4)
    for row, record in zip(fleet.rows(connection.id, "bench", "contacts"), fleet.simulator.rows("bench-1", "contacts", "bench")):
        for column in set(row) - OWN:
            assert row[column] == (instant(record[column]) if column.endswith("_at") else record[column]), column

    fleet.simulator.dial("bench-1", "cursor_loop", after=2, times=-1)
    again = fleet.sync(connection, mode="full")
    fleet.wait_for_sync(again, state="failed")
    (task,) = fleet.tasks(again)
    assert (task["error_class"], task["error_message"]) == ("stalled", "the cursor does not move after page 3")
    assert_dead_letter(fleet, task)


# ---- declarations that are wrong ----

@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_declaration_is_a_startup_error(fleet, tmp_path, path):
    """What each message says in full, test_declaration_bad.c holds; here that both programs refuse to start with it."""
    providers = declarations(tmp_path / "providers", further=[path])
    for program in ("sync-producer", "sync-worker"):
        for arguments in ([], ["--check-config"]):
            done = fleet.programs.run(program, *arguments, settings={**fleet.common, "providers.dir": providers})
            assert done.returncode == EX_CONFIG, done
            assert re.match(rf"{program}: {re.escape(str(providers / path.name))}:\d+: \S", done.stderr), done.stderr
            assert done.stderr.count("\n") == 1


def test_a_bad_declaration_says_key_and_what_is_allowed(fleet, tmp_path):
    cases = {"unknown_key": "rate: unknown key; allowed are: name, title, base_url, auth",
             "unknown_word": '"cursors" is not allowed; it has to be one of: none, offset, page, key, cursor, link',
             "number_range": "0 is not allowed; it has to be within 1 and 100000"}
    for name, text in cases.items():
        providers = declarations(tmp_path / name, further=[DECLARATIONS / "bad" / f"{name}.cfg"])
        for program in ("sync-producer", "sync-worker"):
            assert text in fleet.programs.run(program, settings={**fleet.common, "providers.dir": providers}).stderr


def test_what_this_version_cannot_do_is_a_startup_error_of_the_worker(fleet, tmp_path):
    """The vocabulary holds more than the engine: it says so at once instead of syncing half of it."""
    providers = declarations(tmp_path / "providers", further=[DECLARATIONS / "unruled.cfg"])
    done = fleet.programs.run("sync-worker", settings={**fleet.common, "providers.dir": providers})
    assert done.returncode == EX_CONFIG and "unruled.cfg" in done.stderr and "which this version cannot do" in done.stderr


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_a_folder_without_declarations(fleet, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    for program in ("sync-producer", "sync-worker"):
        done = fleet.programs.run(program, settings={**fleet.common, "providers.dir": tmp_path / folder})
        assert done.returncode == EX_CONFIG and str(Path(tmp_path / folder)) in done.stderr
