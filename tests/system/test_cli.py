# SPDX-License-Identifier: Apache-2.0
"""syncctl on a real database and broker: migrations, tenants, keys, connections, topics, its output and exit codes."""
import base64
import fcntl
import functools
import hashlib
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import time

import pytest

from harness.faithful import assert_faithful
from harness.ledger import ROOT
from harness.letters import shipped_providers
from harness.process import wait_until
from harness.programs import Programs, as_environment

MIGRATIONS = ROOT / "schemas" / "migrations"
FILES = sorted(path.name for path in MIGRATIONS.glob("*.sql"))
NOBODY = "01a1fd59-0d64-717e-a7f5-49ee78102007"
OK, FAILURE, USAGE, NOT_FOUND, CONFLICT, TIMEOUT, EX_CONFIG = 0, 1, 2, 3, 4, 5, 78


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


@pytest.fixture
def offline(ledger):
    """The same without a fleet, for what needs no database."""
    return functools.partial(Programs(ledger, ROOT / ".fleet" / "logs").run, "syncctl")


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
    for words in (("get", "tenants"), ("tenants", "create", "x"), ("get", "keys"), ("get", "syncs")):
        done = run(*words, database__url=database)
        assert done.returncode == FAILURE and "syncctl migrate up" in done.stderr


# ---- tenants and keys ----

def test_tenants(run):
    (made,) = rows(run("tenants", "create", "Harbor & Vale", "-o", "json"))
    assert made["name"] == "Harbor & Vale"
    again = run("tenants", "create", "Harbor & Vale")
    assert again.returncode == CONFLICT and "exists already" in again.stderr
    assert {row["name"] for row in rows(run("get", "tenants", "-o", "json"))} == {"first", "Harbor & Vale"}
    table = run("get", "tenants").stdout.splitlines()
    assert table[0].split() == ["tenant_id", "name", "created_at"] and len(table) == 3


def test_a_tenants_name_cannot_upset_a_terminal(run):
    rows(run("tenants", "create", "evil\x1b[2J\u009bname", "-o", "json"))
    shown = run("get", "tenants").stdout
    assert "\x1b" not in shown and "\u009b" not in shown and "evil" in shown
    done = run("tenants", "create", "evil\x1b[2J\u009bname")
    assert done.returncode == CONFLICT and "\x1b" not in done.stderr and "\u009b" not in done.stderr


def test_keys_are_shown_once_and_end_within_seconds(run, fleet):
    fleet.start_producer()
    (made,) = rows(run("keys", "create", "--tenant=first", "--name=second key", "-o", "json"))
    key = made["key"]
    assert key.startswith("sfk_") and len(base64.urlsafe_b64decode(key[4:] + "=")) == 32
    stored = fleet.value("select secret_sha256 from service_keys where key_id = %s", made["key_id"])
    assert bytes(stored) == hashlib.sha256(key.encode()).digest()
    listed = run("get", "keys", "--tenant=first", "-o", "json")
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
    (("keys", "revoke", NOBODY), "keys revoke: there is no"),
])
def test_keys_that_cannot_be(run, words, reason):
    done = run(*words)
    assert done.returncode == NOT_FOUND and reason in done.stderr


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
    (row,) = rows(run("get", "connections", "--tenant=first", "-o", "json"))
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
        assert done.returncode in (FAILURE, NOT_FOUND, CONFLICT) and reason in done.stderr, done.stderr
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
              *(f"sync.tasks.{provider}{end}" for provider in shipped_providers() for end in ("", ".dlq"))}
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
    ((), USAGE, "no command given"),
    (("tenants",), USAGE, "tenants wants one of: create"),
    (("tenants", "burn"), USAGE, "tenants wants one of: create"),
    (("frobnicate",), USAGE, "see syncctl --help"),
    (("get", "sycns"), USAGE, "did you mean syncctl get syncs?"),
    (("wacth", "x"), USAGE, "did you mean syncctl watch?"),
    (("breakers", "list"), USAGE, "did you mean syncctl get breakers?"),
    (("tasks", "list"), USAGE, "did you mean syncctl get tasks?"),
    (("get", "tasks", "--conection=x"), USAGE, "did you mean connection"),
    (("get", "tasks", "--connection=x"), USAGE, "--connection: x is no id"),
    (("describe", "sync", "x"), USAGE, "describe sync: x is no id"),
    (("completion", "ksh"), FAILURE, "SHELL is bash, zsh or fish"),
    (("config", "check", "ls"), FAILURE, "PROGRAM is sync-producer or sync-worker"),
    (("config", "check"), USAGE, "usage: syncctl config check PROGRAM [FILE]"),
    (("tenants", "create"), USAGE, "usage: syncctl tenants create NAME"),
    (("tenants", "create", "a", "b"), USAGE, "usage: syncctl tenants create NAME"),
    (("keys", "create", "--name=x"), USAGE, "keys create needs --tenant"),
    (("get", "tenants", "--tenant=x"), USAGE, "get tenants does not take --tenant"),
    (("get", "tenants", "--colour=red"), USAGE, "colour"),
    (("get", "tenants", "-o", "yaml"), USAGE, "table"),
    (("topics", "create", "--partitions=0"), USAGE, "partitions"),
])
def test_usage_errors(offline, words, code, reason):
    done = offline(*words)
    assert (done.returncode, done.stdout) == (code, "") and reason in done.stderr, done


def test_a_database_that_is_away(run):
    done = run("get", "tenants", database__url="postgresql://nobody:a-password@127.0.0.1:1/x")
    assert done.returncode == FAILURE and "PostgreSQL" in done.stderr and "a-password" not in done.stderr
    done = run("get", "tenants", database__url="postgresql://nobody:a-password@[broken/x")
    assert done.returncode in (FAILURE, EX_CONFIG) and "a-password" not in done.stderr


def test_help_of_each_command_has_an_example(offline):
    text = offline("--help").stdout
    assert offline("--version").stdout.startswith("syncctl 0.") and rows(offline("version", "-o", "json"))[0]["schema"] == "0019"
    commands = re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)(?: [A-Z]+(?: \[[A-Z]+\])?)? {2,}", text, re.M)
    assert {"get syncs", "migrate up", "keys create", "watch", "config check"} < set(commands) and "5 timed out" in text
    for command in commands:
        done = offline(*command.split(), "--help")
        assert done.returncode == OK and f"usage: syncctl {command}" in done.stdout and f"syncctl {command}" in \
            done.stdout.partition("e.g. ")[2], command


def test_completion_in_bash(offline):
    script = offline("completion", "bash").stdout + """
        ask() { COMP_WORDS=(syncctl "$@"); COMP_CWORD=$#; COMPREPLY=(); _syncctl; echo "${COMPREPLY[*]}"; }
        ask ''; ask g; ask get ''; ask get t; ask get tasks --p; ask -o json get tasks --wa; ask completion ''; ask watch x --t"""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=20, check=False)
    firsts, *others = done.stdout.splitlines()
    assert {"get", "describe", "watch", "migrate", "version"} < set(firsts.split()), done
    assert others[0] == "get" and {"syncs", "tasks", "keys"} < set(others[1].split())
    assert [line.split() for line in others[2:]] == [
        ["tasks", "tenants"], ["--provider="], ["--watch"], ["bash", "zsh", "fish"], ["--timeout="]]
    for shell in ("zsh", "fish"):
        assert "get tasks" in offline("completion", shell).stdout


def test_config_check_is_the_programs_own(fleet, tmp_path):
    def check(*words, **settings):
        path = ":".join([str(fleet.programs.path(program).parent) for program in ("sync-producer", "sync-worker")])
        return fleet.programs.run("syncctl", "config", "check", *words, env={"PATH": path},
                                  settings={"database.url": "postgresql://127.0.0.1:1/nowhere", **{
                                      name: value for name, value in fleet.common.items() if name != "database.url"}, **settings})
    for program in ("sync-producer", "sync-worker"):
        assert check(program).returncode == OK
    done = check("sync-worker", **{"worker.slots": "many"})
    assert done.returncode == EX_CONFIG and "SYNCFLEET_WORKER__SLOTS" in done.stderr
    (tmp_path / "worker.cfg").write_text("worker = { slost = 3; };\n")
    done = check("sync-worker", str(tmp_path / "worker.cfg"))
    assert done.returncode == EX_CONFIG and "slost" in done.stderr and "worker.slots" in done.stderr
    (tmp_path / "bad.cfg").write_text("name = 3;\n")
    assert check("sync-producer", **{"providers.dir": tmp_path}).returncode == EX_CONFIG


# ---- what is seen ----

def on_terminal(fleet, *words, term="xterm", stdin=None, **env):
    """Runs syncctl with a pseudo-terminal as stdout and, for what is typed, as stdin. Returns its exit code and all that came
    from there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    settings = {**os.environ, **as_environment(fleet.common), "TERM": term, **env}
    process = subprocess.Popen([fleet.programs.path("syncctl"), *words], stdin=slave if stdin else None, stdout=slave, env=settings)
    os.close(slave)
    os.write(master, stdin or b"")
    written = b""
    try:
        while chunk := os.read(master, 65536):
            written += chunk
    except OSError:  # how Linux says that nobody writes there any more
        pass
    os.close(master)
    return process.wait(timeout=30), written.decode()


def test_a_sync_is_asked_for_watched_and_shown(run, fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 120, "matters": 30})
    done = run("sync", f"--connection={connection.id}", "--resource=contacts,matters", "--wait", "--timeout=60")
    assert done.returncode == OK, done
    assert "contacts 100%  120  completed" in done.stdout and "matters" in done.stdout and "\x1b" not in done.stdout
    (first,) = rows(run("get", "syncs", f"--connection={connection.id}", "-o", "json"))
    assert (first["state"], first["records"], first["tasks"], first["resources"]) == ("completed", 150, 2, ["contacts", "matters"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first["created_at"])
    assert re.search(r"\d+s ago", run("get", "syncs").stdout) and first["created_at"][:10] not in run("get", "syncs").stdout
    tasks = rows(run("get", "tasks", "--state=completed", "--resource=contacts", "--limit=5", "-o", "json"))
    assert [task["records"] for task in tasks] == [120] and not rows(run("get", "tasks", "--tenant=nobody", "-o", "json"))
    assert "  contacts, matters  " in run("get", "syncs").stdout
    assert run("get", "tasks", "--no-headers", "--resource=contacts").stdout.startswith(tasks[0]["task_id"])
    (shown,) = rows(run("describe", "sync", first["sync_id"], "-o", "json"))
    assert shown["tenant"] == "first" and [task["state"] for task in shown["tasks"]] == ["completed"] * 2
    (task,) = rows(run("describe", "task", tasks[0]["task_id"], "-o", "json"))
    assert task["waits_for"] is None and task["syncs"][0]["sync_id"] == first["sync_id"]
    (account,) = rows(run("describe", "connection", connection.id, "-o", "json"))
    assert account["status"] == "active" and {row["resource"] for row in account["resources"]} == {"contacts", "matters"}
    assert "secret" not in json.dumps(account)
    for words in (("describe", "sync", first["sync_id"]), ("describe", "provider", "practicepanther"), ("get", "workers"),
                  ("get", "providers")):
        assert run(*words).returncode == OK, words
    assert run("cancel", first["sync_id"]).returncode == CONFLICT
    assert rows(run("watch", first["sync_id"], "-o", "json"))[-1]["state"] == "completed"
    for words in (("describe", "sync"), ("describe", "task"), ("describe", "connection"), ("watch",), ("cancel",)):
        done = run(*words, NOBODY)
        assert done.returncode == NOT_FOUND and done.stderr, words
    assert run("describe", "provider", "nobody").returncode == NOT_FOUND
    assert run("sync", f"--connection={NOBODY}").returncode == NOT_FOUND
    refused = run("sync", f"--connection={connection.id}", "--resource=contacs")
    assert refused.returncode == FAILURE and "practicepanther has no resource contacs; it has: " in refused.stderr


def test_bars_on_a_terminal(run, fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 500})
    fleet.wait_for_sync(fleet.sync(connection, ["contacts"], mode="full"), state="completed")
    fleet.simulator.account("acct-1", latency_ms=400)
    words = ("sync", f"--connection={connection.id}", "--resource=contacts", "--mode=full", "--wait")
    code, text = on_terminal(fleet, *words)
    assert code == OK and "\x1b[2A\r\x1b[J" in text  # title and one bar, drawn over
    assert re.search(r"contacts +\[#+-+\] +\d+%  \d+ of 500", text), text
    assert "[" + "#" * 24 + "] 100%  500" in text
    assert "\x1b[32m" in text
    sync = fleet.syncs()[-1]
    assert "\x1b[" in on_terminal(fleet, "watch", sync)[1]
    assert "\x1b[1m" not in on_terminal(fleet, "watch", sync, NO_COLOR="1")[1]
    assert "\x1b" not in on_terminal(fleet, "watch", sync, term="dumb")[1]
    code, text = on_terminal(fleet, "get", "syncs", "--watch", "--timeout=1")
    assert code == OK and text.startswith("\x1b[H\x1b[2J") and sync in text


def test_watching_what_fails_is_cancelled_or_takes_too_long(run, fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 30, "matters": 30})
    fleet.simulator.dial("acct-1", "server_error", times=-1, status=404, resource="contacts")
    failed = fleet.sync(connection, ["contacts"])
    done = run("watch", failed)
    assert done.returncode == FAILURE and "the sync has failed" in done.stderr and "permanent" in done.stdout, done
    assert "404" in run("describe", "sync", failed).stdout
    (task,) = rows(run("get", "tasks", "--state=failed", "-o", "json"))
    (shown,) = rows(run("describe", "task", task["task_id"], "-o", "json"))
    assert shown["error"]["class"] == "permanent" and shown["evidence"]["response_status"] == 404
    fleet.workers[0].stop()
    waiting = fleet.sync(connection, ["matters"])
    done = run("watch", waiting, "--timeout=1")
    assert done.returncode == TIMEOUT and re.search("waits for (slot|worker)", done.stdout), done
    assert rows(run("cancel", waiting, "-o", "json"))[0]["state"] == "cancelled"
    assert run("watch", waiting).returncode == FAILURE


def test_what_is_paused_waits(run, fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 10})
    (paused,) = rows(run("pause", "connection", connection.id, "--reason=INC-7", "-o", "json"))
    assert paused["paused"] is True and paused["reason"] == "INC-7"
    sync = fleet.sync(connection, ["contacts"])
    done = run("watch", sync, "--timeout=1")
    assert done.returncode == TIMEOUT and "waits for the connection is paused" in done.stdout
    assert rows(run("get", "connections", "-o", "json"))[0]["paused"] == "INC-7"
    assert rows(run("pause", "provider", "practicepanther", "-o", "json"))[0]["state"] == "paused"
    assert rows(run("resume", "connection", connection.id, "-o", "json"))[0]["paused"] is False
    assert rows(run("get", "tasks", "-o", "json"))[0]["waits_for"] == "provider practicepanther is paused"
    (provider,) = rows(run("get", "providers", "-o", "json"))
    assert (provider["state"], provider["connections"], provider["queued"]) == ("paused", 1, 1)
    assert rows(run("resume", "provider", "practicepanther", "-o", "json"))[0]["was"] == "paused"
    assert run("resume", "provider", "practicepanther").returncode == CONFLICT
    assert run("watch", sync, "--timeout=30").returncode == OK
    assert run("pause", "provider", "practicepantherr").returncode == NOT_FOUND
    for words in (("pause", "connection"), ("resume", "connection"), ("drain",), ("undrain",), ("retry",)):
        assert run(*words, NOBODY).returncode == NOT_FOUND, words
    shown = run("describe", "connection", connection.id).stdout
    assert "CONNECTION_PAUSED" in shown and "syncctl " in shown and "INC-7" in shown
    (worker,) = rows(run("get", "workers", "-o", "json"))
    assert (worker["state"], worker["slots"]) == ("active", 256)
    assert rows(run("drain", worker["worker_id"], "-o", "json"))[0]["state"] == "drained"
    assert rows(run("undrain", worker["worker_id"], "-o", "json"))[0]["state"] == "active"


def test_dead_letters(run, fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 10, "matters": 10, "tasks": 10})
    fleet.simulator.dial("acct-1", "server_error", times=-1, status=404)
    failed = fleet.sync(connection)
    fleet.wait_for_sync(failed, state="failed")
    letters = rows(run("get", "dlq", "-o", "json"))
    assert {letter["resource"] for letter in letters} == {"contacts", "matters", "tasks"}
    assert [letter["resource"] for letter in rows(run("get", "dlq", "--resource=tasks", "-o", "json"))] == ["tasks"]
    assert sum(group["tasks"] for group in rows(run("get", "dlq-groups", "-o", "json"))) == 3
    (shown,) = rows(run("describe", "task", letters[0]["task_id"], "-o", "json"))
    assert shown["dead_letter"]["settled"] == "open" and shown["evidence"]["response_status"] == 404
    assert rows(run("dlq", "replay", "--provider=practicepanther", "--dry-run", "-o", "json")) == [{"dead_letters": 3}]
    assert run("dlq", "replay").returncode == FAILURE and run("dlq", "discard", "--all").returncode == USAGE
    assert rows(run("dlq", "discard", "--resource=tasks", "--reason=old", "-o", "json")) == [{"discarded": 1, "waiting": 0}]
    fleet.simulator.clear_dials("acct-1")
    ids = ",".join(letter["task_id"] for letter in letters)
    assert rows(run("dlq", "replay", f"--ids={ids}", "-o", "json")) == [{"replayed": 2, "waiting": 0}]
    assert rows(run("dlq", "replay", f"--ids={ids}", "-o", "json")) == [{"replayed": 0, "waiting": 0}]
    assert rows(run("get", "dlq", "-o", "json")) == []
    (again,) = rows(run("retry", failed, "-o", "json"))
    assert run("watch", again["sync_id"], "--timeout=30").returncode == OK
    assert run("retry", again["sync_id"]).returncode == CONFLICT
    fleet.sql("insert into dead_letters (task_id, tenant_id, connection_id, provider, resource, mode, error_class, error_message, "
              "fingerprint, attempts, pages) select uuid_v7(), %s, %s, 'practicepanther', 'contacts', 'full', 'permanent', 'x', "
              "'f', 1, 0 from generate_series(1, 11)", fleet.tenant.id, connection.id)
    assert on_terminal(fleet, "dlq", "discard", "--fingerprint=f", "--reason=x", stdin=b"n\n")[0] == FAILURE
    assert on_terminal(fleet, "dlq", "discard", "--fingerprint=f", "--reason=x", stdin=b"y\n")[0] == OK
    assert rows(run("get", "dlq", "-o", "json")) == []


def test_schedules_and_webhooks_are_listed(run, fleet):
    for noun in ("schedules", "webhooks"):
        assert run("get", noun).stdout.split()[1] == "tenant"


def test_probe_says_whether_a_program_lives(fleet):
    fleet.start_producer()
    url = f"http://{fleet.producer.address('admin')}"
    assert fleet.programs.run("syncctl", "probe", f"{url}/livez").returncode == 0
    unknown = fleet.programs.run("syncctl", "probe", f"{url}/nowhere")
    assert unknown.returncode == 1 and "404" in unknown.stderr
    fleet.producer.stop()
    gone = fleet.programs.run("syncctl", "probe", f"{url}/livez")
    assert gone.returncode == 1 and "127.0.0.1" in gone.stderr
