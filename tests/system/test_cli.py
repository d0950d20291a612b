# SPDX-License-Identifier: Apache-2.0
"""syncctl on a real database and broker: migrations, tenants, keys, connections, topics, its output and exit codes."""
import base64
import hashlib
import json
import shutil
import time

import pytest

from harness.faithful import assert_faithful
from harness.ledger import ROOT
from harness.process import wait_until

MIGRATIONS = ROOT / "schemas" / "migrations"
FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
OK, FAILURE, USAGE, EX_CONFIG = 0, 1, 2, 78


@pytest.fixture
def database(request, postgres):
    """An empty database."""
    name = f"cli_{abs(hash(request.node.name)) % 10 ** 9}"
    postgres.create_database(name)
    yield postgres.url(name)
    postgres.psql(f"drop database {name} with (force)")


@pytest.fixture
def run(fleet):
    """run(words) -> what subprocess.run says, on the fleet's database and broker; settings change what it is given."""
    return lambda *words, stdin=None, **settings: fleet.programs.run(
        "syncctl", *words, stdin=stdin,
        settings={**fleet.common, **{name.replace("__", "."): value for name, value in settings.items()}})


def rows(done):
    assert done.returncode == OK, done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def migrations(tmp_path):
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    return folder


# ---- migrate ----

def test_migrate_up_twice(run, database):
    words = ("migrate", "up", f"--migrations={MIGRATIONS}", "-o", "json")
    status = ("migrate", "status", f"--migrations={MIGRATIONS}", "-o", "json")
    pending = run(*status, database__url=database)
    assert pending.returncode == FAILURE  # something is to be done
    assert [json.loads(line)["state"] for line in pending.stdout.splitlines()] == ["pending"] * len(FILES)
    first = rows(run(*words, database__url=database))
    assert [f"{row['version']}_{row['name']}.sql" for row in first] == FILES
    again = run(*words, database__url=database)
    assert rows(again) == [] and "up to date" in again.stderr
    after = rows(run(*status, database__url=database))
    assert all(row["state"] == "applied" and row["applied_at"] for row in after) and len(after) == len(FILES)


def test_two_migrates_at_once(fleet, database):
    """The second one waits for the first and finds nothing to do."""
    both = [fleet.programs.start("syncctl", ["migrate", "up", f"--migrations={MIGRATIONS}", "-o", "json"],
                                 {**fleet.common, "database.url": database}) for _ in range(2)]
    assert [process.wait() for process in both] == [OK, OK]
    lines = [line for process in both for line in process.log.read_text().splitlines() if line.startswith("{")]
    assert sorted(json.loads(line)["version"] for line in lines) == [name[:4] for name in FILES]


def test_a_migration_that_was_changed_after_it_was_applied(run, migrations):
    (migrations / FILES[1]).write_text((migrations / FILES[1]).read_text() + "-- a thought\n")
    for command in ("up", "status"):
        done = run("migrate", command, f"--migrations={migrations}")
        assert done.returncode == FAILURE
        assert f"{FILES[1]} was changed after it was applied" in done.stderr and "a new file" in done.stderr


def test_a_gap_in_the_files(run, migrations):
    (migrations / FILES[1]).unlink()
    done = run("migrate", "up", f"--migrations={migrations}")
    assert done.returncode == FAILURE and "there is no 0002 before it" in done.stderr


def test_a_gap_in_the_database(run, fleet):
    fleet.sql("delete from schema_migrations where version = 2")
    done = run("migrate", "up", f"--migrations={MIGRATIONS}")
    assert done.returncode == FAILURE and "schema_migrations" in done.stderr and "0002" in done.stderr


def test_a_database_of_a_newer_release(run, fleet):
    fleet.sql("insert into schema_migrations (version, name, sha256, min_binary) values (%s, 'future', 'x', '0.1.0')", len(FILES) + 1)
    done = run("migrate", "status", f"--migrations={MIGRATIONS}")
    assert done.returncode == FAILURE and "newer release" in done.stderr


def test_a_failing_migration_leaves_nothing_behind(run, fleet, migrations):
    number = f"{len(FILES) + 1:04d}"
    (migrations / f"{number}_bad.sql").write_text("-- oldest binary: 0.1.0\ncreate table half (x int);\nselect 1 / 0;\n")
    done = run("migrate", "up", f"--migrations={migrations}")
    assert done.returncode == FAILURE and f"{number}_bad.sql" in done.stderr and "division by zero" in done.stderr
    assert fleet.value("select to_regclass('half') is null and count(*) = %s from schema_migrations", len(FILES))
    pending = run("migrate", "status", f"--migrations={migrations}", "-o", "json")
    assert pending.returncode == FAILURE and json.loads(pending.stdout.splitlines()[-1])["state"] == "pending"
    (migrations / f"{number}_bad.sql").write_text("-- oldest binary: 0.1.0\ncreate table whole (x int);\n")
    assert [row["version"] for row in rows(run("migrate", "up", f"--migrations={migrations}", "-o", "json"))] == [number]


@pytest.mark.parametrize("name, text, reason", [
    ("9_short.sql", "-- oldest binary: 0.1.0\n", "NNNN_name.sql"),
    ("0001_twice.sql", "-- oldest binary: 0.1.0\n", "has the number 0001"),
    (f"{len(FILES) + 1:04d}_old.sql", "create table x ();\n", "oldest binary"),
])
def test_files_that_are_no_migrations(run, migrations, name, text, reason):
    (migrations / name).write_text(text)
    done = run("migrate", "up", f"--migrations={migrations}")
    assert done.returncode == FAILURE and name in done.stderr and reason in done.stderr


def test_commands_before_the_first_migration_name_it(run, database):
    for words in (("tenants", "list"), ("tenants", "create", "x"), ("keys", "list"), ("connections", "list")):
        done = run(*words, database__url=database)
        assert done.returncode == FAILURE and "syncctl migrate up" in done.stderr


# ---- tenants and keys ----

def test_tenants(run):
    (made,) = rows(run("tenants", "create", "Harbor & Vale", "-o", "json"))
    assert made["name"] == "Harbor & Vale"
    again = run("tenants", "create", "Harbor & Vale")
    assert again.returncode == FAILURE and "exists already" in again.stderr
    assert {row["name"] for row in rows(run("tenants", "list", "-o", "json"))} == {"first", "Harbor & Vale"}
    table = run("tenants", "list").stdout.splitlines()
    assert table[0].split() == ["tenant_id", "name", "created_at"] and len(table) == 3


def test_a_tenants_name_cannot_upset_a_terminal(run):
    rows(run("tenants", "create", "evil\x1b[2J\u009bname", "-o", "json"))
    shown = run("tenants", "list").stdout
    assert "\x1b" not in shown and "\u009b" not in shown and "evil" in shown
    done = run("tenants", "create", "evil\x1b[2J\u009bname")
    assert done.returncode == FAILURE and "\x1b" not in done.stderr and "\u009b" not in done.stderr


def test_keys_are_shown_once_and_end_within_seconds(run, fleet):
    fleet.start_producer()
    (made,) = rows(run("keys", "create", "--tenant=first", "--name=second key", "-o", "json"))
    key = made["key"]
    assert key.startswith("sfk_") and len(base64.urlsafe_b64decode(key[4:] + "=")) == 32
    stored = fleet.value("select secret_sha256 from service_keys where key_id = %s", made["key_id"])
    assert bytes(stored) == hashlib.sha256(key.encode()).digest()
    listed = run("keys", "list", "--tenant=first", "-o", "json")
    assert key not in listed.stdout and {row["name"] for row in rows(listed)} == {"tests", "second key"}
    assert fleet.api("GET", "/v1/syncs", key=key).status == 200

    (revoked,) = rows(run("keys", "revoke", made["key_id"], "-o", "json"))
    since = time.monotonic()
    wait_until(lambda: fleet.api("GET", "/v1/syncs", key=key).status == 401, 10, "the key to be refused")
    assert time.monotonic() - since < 6  # 5 s and what the machine takes
    assert fleet.api("GET", "/v1/syncs").status == 200
    (again,) = rows(run("keys", "revoke", made["key_id"], "-o", "json"))
    assert again["revoked_at"] == revoked["revoked_at"]


@pytest.mark.parametrize("words, reason", [
    (("keys", "create", "--tenant=nobody", "--name=x"), "no tenant is called nobody"),
    (("keys", "revoke", "not-a-uuid"), "is not a key's id"),
    (("keys", "revoke", "01a1fd59-0d64-717e-a7f5-49ee78102007"), "no key has the id"),
])
def test_keys_that_cannot_be(run, words, reason):
    done = run(*words)
    assert done.returncode == FAILURE and reason in done.stderr


# ---- connections ----

def test_a_connection_made_by_flags_syncs(run, fleet, tmp_path):
    fleet.start()
    fleet.simulator.account("acct-1", records={"contacts": 30})
    secret = fleet.simulator.secret("acct-1")
    for name in ("access_token", "refresh_token", "client_secret"):
        (tmp_path / name).write_text(secret[name] + "\n")  # as an editor leaves it
    (made,) = rows(run("connections", "create", "--tenant=first", "--provider=practicepanther", "--external-id=acct-1",
                       f"--access-token-file={tmp_path / 'access_token'}", f"--refresh-token-file={tmp_path / 'refresh_token'}",
                       "--client-id=client", f"--client-secret-file={tmp_path / 'client_secret'}", "--expires-in=1",
                       '--settings={"region": "eu"}', "-o", "json"))
    time.sleep(1.1)  # the token's life: what follows needs the refresh token and the client's secret
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": made["connection_id"],
                                           "resources": ["contacts"]}).body["sync_id"]
    assert_faithful(fleet, [sync])
    (row,) = rows(run("connections", "list", "--tenant=first", "-o", "json"))
    assert (row["external_id"], row["status"], row["provider"]) == ("acct-1", "active", "practicepanther")
    assert row["token_expires_at"] > row["created_at"]
    assert fleet.value("select settings ->> 'region' from connections") == "eu"
    assert fleet.value("select token_version from connections") == 2


def test_an_import_is_all_or_nothing(run, fleet):
    good = [{"tenant": "first", "provider": "bench", "external_id": f"b-{n}", "access_token": "t"} for n in range(3)]
    made = rows(run("connections", "import", "-", "-o", "json", stdin=json.dumps(good)))
    assert [row["external_id"] for row in made] == ["b-0", "b-1", "b-2"]
    for bad, reason in [({"external_id": "b-1"}, "item 1: tenant first has a connection to bench for b-1 already"),
                        ({"provider": "No Such"}, "item 1: a provider's name has only"),
                        ({"tenant": "nobody"}, "item 1: no tenant is called nobody"),
                        ({"colour": "red"}, "item 1: /colour"), ({"expires_in": "soon"}, "item 1: /expires_in")]:
        wanted = [{**good[0], "external_id": "b-8"}, {**good[0], "external_id": "b-9", **bad}]
        done = run("connections", "import", "-", stdin=json.dumps(wanted))
        assert done.returncode == FAILURE and reason in done.stderr, done.stderr
    for text in ("", "{", "[1]", "null"):
        assert run("connections", "import", "-", stdin=text).returncode == FAILURE
    assert fleet.value("select count(*) from connections") == 3


def test_an_imports_errors_tell_no_token(run):
    wanted = [{"tenant": "first", "provider": "bench", "external_id": "b", "access_token": ["a-canary-token"]}]
    done = run("connections", "import", "-", stdin=json.dumps(wanted))
    assert done.returncode == FAILURE and "/access_token" in done.stderr and "a-canary-token" not in done.stderr + done.stdout


@pytest.mark.parametrize("keys", [None, "", "k1:short", "k1", "k1:" + "A" * 43 + "=,k1:" + "A" * 43 + "="])
def test_no_connection_without_a_good_key_ring(run, keys):
    done = run("connections", "import", "-", stdin="[]", crypto__keys=keys)
    assert done.returncode == FAILURE and "crypto.keys" in done.stderr and "SYNCFLEET_CRYPTO__KEYS" in done.stderr


# ---- topics ----

def test_topics_twice(run, fleet):
    prefix = f"{fleet.name}.other."
    words = ("topics", "create", "--partitions=3", "--replicas=1", "-o", "json")
    first = rows(run(*words, kafka__topic_prefix=prefix))
    wanted = {"sync.requests", "sync.requests.dlq", "sync.results", "sync.connections",
              *(f"sync.tasks.{provider}{end}" for provider in ("bench", "practicepanther", "zoho") for end in ("", ".dlq"))}
    assert {row["topic"] for row in first} == {prefix + name for name in wanted}
    assert rows(run(*words, kafka__topic_prefix=prefix)) == first
    there = wait_until(lambda: topics_of(fleet, prefix, len(wanted)), what="the topics")
    assert all(len(topic.partitions) == 3 for topic in there)


def topics_of(fleet, prefix, count):
    found = [topic for name, topic in fleet.topics.admin.list_topics(timeout=10).topics.items() if name.startswith(prefix)]
    return found if len(found) == count else None


def test_topics_that_cannot_be_made(run, fleet):
    done = run("topics", "create", "--replicas=3", kafka__topic_prefix=f"{fleet.name}.none.")
    assert done.returncode == FAILURE and "replication" in done.stderr.lower()
    done = run("topics", "create", providers__dir="/nowhere")
    assert done.returncode == FAILURE and "/nowhere" in done.stderr and "providers.dir" in done.stderr


# ---- the command itself ----

@pytest.mark.parametrize("words, code, reason", [
    ((), USAGE, "no such command"),
    (("tenants",), USAGE, "no such command"),
    (("tenants", "burn"), USAGE, "no such command"),
    (("tenants", "create"), USAGE, "usage: syncctl tenants create NAME"),
    (("tenants", "create", "a", "b"), USAGE, "usage: syncctl tenants create NAME"),
    (("keys", "create", "--name=x"), USAGE, "keys create needs --tenant"),
    (("tenants", "list", "--tenant=x"), USAGE, "tenants list does not take --tenant"),
    (("tenants", "list", "--colour=red"), USAGE, "colour"),
    (("tenants", "list", "-o", "yaml"), USAGE, "table"),
    (("topics", "create", "--partitions=0"), USAGE, "partitions"),
])
def test_usage_errors(run, words, code, reason):
    done = run(*words)
    assert (done.returncode, done.stdout) == (code, "") and reason in done.stderr, done


def test_a_database_that_is_away(run):
    done = run("tenants", "list", database__url="postgresql://nobody:a-password@127.0.0.1:1/x")
    assert done.returncode == FAILURE and "PostgreSQL" in done.stderr and "a-password" not in done.stderr
    done = run("tenants", "list", database__url="postgresql://nobody:a-password@[broken/x")
    assert done.returncode in (FAILURE, EX_CONFIG) and "a-password" not in done.stderr


def test_help_names_every_command(run):
    text = run("--help").stdout
    for command in ("migrate up", "migrate status", "tenants create", "tenants list", "keys create", "keys list", "keys revoke",
                    "connections create", "connections import", "connections list", "topics create"):
        assert command in text
    assert run("--version").stdout.startswith("syncctl 0.")


def test_probe_says_whether_a_program_lives(fleet):
    fleet.start_producer()
    url = f"http://{fleet.producer.address('admin')}"
    assert fleet.programs.run("syncctl", "probe", f"{url}/livez").returncode == 0
    unknown = fleet.programs.run("syncctl", "probe", f"{url}/nowhere")
    assert unknown.returncode == 1 and "404" in unknown.stderr
    fleet.producer.stop()
    gone = fleet.programs.run("syncctl", "probe", f"{url}/livez")
    assert gone.returncode == 1 and "127.0.0.1" in gone.stderr
