# SPDX-License-Identifier: Apache-2.0
"""What operations see of the programs: the admin port, the end by SIGTERM, settings, logs, and the messages as their
schemas say."""
import json
import re
import signal
import time

import pytest

from harness.faithful import assert_faithful
from harness.ledger import ROOT
from harness.letters import dead_letters, validate
from harness.programs import variable

PROGRAMS = ("sync-producer", "sync-worker")
OPTION = re.compile(r'\{\.name = "([a-z_.]+)"(.*?)\.help', re.DOTALL)


@pytest.fixture
def running(fleet):
    """A producer and a worker that are ready."""
    fleet.start()
    for process in (fleet.producer, *fleet.workers):
        fleet.wait_until(lambda process=process: fleet.admin(process, "/readyz").status == 200, what="readiness")
    return fleet


def both(fleet):
    return fleet.producer, fleet.workers[0]


# ---- the admin port ----

def test_admin_pages(running):
    for process, checks in zip(both(running), (["postgres", "clock", "kafka"], ["postgres", "heartbeat", "kafka"])):
        assert running.admin(process, "/livez").status == 200
        ready = running.admin(process, "/readyz")
        assert ready.status == 200 and ready.body.splitlines() == [f"[+]{check} ok" for check in checks]
        version = running.admin(process, "/version").body
        assert re.fullmatch(r"\d+\.\d+\.\d+", version["version"]) and set(version) == {
            "version", "commit", "librdkafka", "libpq", "libcurl", "libuv", "openssl"}
        assert running.admin(process, "/nowhere").status == 404
        refused = running.http("POST", f"http://{process.address('admin')}/livez", b"")
        assert refused.status == 405 and "GET" in refused.headers["allow"]


def samples(text):
    """A Prometheus exposition by sample, and the families that it declares."""
    found, families = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families
            families[name] = kind
        elif line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            assert name not in found
            found[name] = float(value)
            base = re.sub(r"(_bucket|_sum|_count)$", "", name.partition("{")[0])
            assert base in families or name.partition("{")[0] in families, line
    return found, families


def test_metrics_are_an_exposition_and_count(running):
    connection = running.connection("acct-1", records={"contacts": 250})
    running.simulator.dial("acct-1", "server_error")
    assert_faithful(running, [running.sync(connection, ["contacts"])])
    for process in both(running):
        answer = running.admin(process, "/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        found, families = samples(answer.body)
        assert {"counter", "gauge"} <= set(families.values()) and any("process_resident_memory_bytes" in name for name in found)
        assert any(connection.id in name for name in found) is False  # labels come from small sets
    producer, worker = (samples(running.admin(process, "/metrics").body)[0] for process in both(running))
    assert total(producer, "http_requests_total", 'route="/v1/syncs"', 'status="202"') == 1
    assert total(worker, "pages", "practicepanther", "contacts") == 4
    assert total(worker, "records", "practicepanther", "contacts") >= 250


def total(found, part, *labels):
    """The sum of the samples whose name has `part` and these labels."""
    chosen = {name: value for name, value in found.items() if part in name.partition("{")[0] and "bucket" not in name
              and all(label in name for label in labels)}
    assert chosen, (part, labels, sorted(found))
    return max(chosen.values())


def test_readiness_follows_the_database(running, postgres):
    connection = running.connection("acct-1", records={"contacts": 250})
    postgres.stop()
    try:
        for process in both(running):
            running.wait_until(lambda process=process: running.admin(process, "/readyz").status == 503, what="unreadiness")
            assert "[-]postgres failed" in running.admin(process, "/readyz").body
            assert running.admin(process, "/livez").status == 200  # nothing is gained by starting it again
        answer = running.api("GET", "/v1/syncs")
        assert (answer.status, answer.body["code"]) == (503, "database_away")
        answer = running.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection.id})
        assert (answer.status, answer.body["code"]) == (503, "database_away")
    finally:
        postgres.start()
    for process in both(running):
        running.wait_until(lambda process=process: running.admin(process, "/readyz").status == 200, what="readiness")
    assert_faithful(running, [running.sync(connection, ["contacts"])])


# ---- the end ----

def test_sigterm_ends_both_with_0(running):
    connection = running.connection("acct-1", records={"contacts": 250})
    assert_faithful(running, [running.sync(connection, ["contacts"])])
    for process in both(running):
        since = time.monotonic()
        assert process.stop() == 0
        assert time.monotonic() - since < 10
        assert process.events()[-1]["event"] == "down"
        assert [entry["event"] for entry in process.events("stopping")] == ["stopping"]
    assert running.value("select count(*) from workers") == 0  # it has left


@pytest.mark.parametrize("program", PROGRAMS)
def test_sigterm_while_it_starts(fleet, program):
    """Whatever it is just doing: joining the group, waiting for sessions. Before it can hear, the signal itself ends it."""
    for delay_ms in range(20, 420, 40):
        process = fleet.programs.start(program, settings={**fleet.common, "http.listen": "127.0.0.1:0", "kafka.group": f"g{delay_ms}"})
        fleet.processes.append(process)
        time.sleep(delay_ms / 1000)  # not to wait for something, but to come in between
        assert process.stop() in (0, -signal.SIGTERM), process.tail()


def test_sigterm_gives_a_long_task_back(running):
    connection = running.connection("acct-1", records={"contacts": 2000}, latency_ms=100)
    sync = running.sync(connection, ["contacts"])
    running.wait_until(lambda: running.tasks(sync)[0]["page"] > 2, what="the third page")
    assert running.workers[0].stop() == 0
    (task,) = running.tasks(sync)
    assert task["state"] in ("queued", "dispatched") and task["owner"] is None and task["takeovers"] == 0
    running.simulator.account("acct-1", latency_ms=0)
    running.start_worker()
    assert_faithful(running, [sync])
    assert running.tasks(sync)[0]["page"] == 21  # nothing was fetched twice


# ---- settings ----

def options(program):
    """(name, secret) of each setting in the program's table."""
    own = sorted((ROOT / program.removeprefix("sync-")).glob("settings*.[ch]"))
    text = "".join(path.read_text().replace("\\\n", "") for path in (*own, ROOT / "common/sync/settings_shared.h"))
    return [(name, ".secret = true" in rest) for name, rest in OPTION.findall(text) if ".flag_only" not in rest]


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_config_lists_every_setting(fleet, program):
    done = fleet.programs.run(program, "--help-config")
    assert done.returncode == 0 and len(options(program)) > 15
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line[:1].islower()}
    for name, secret in options(program):
        assert variable(name) in lines[name] and ("secret text" in lines[name]) == secret, name
    assert set(lines) == {name for name, _ in options(program)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_check_config(fleet, program):
    done = fleet.programs.run(program, "--check-config", settings={**fleet.common, "database.url": "postgresql://127.0.0.1:1/x",
                                                                   "kafka.bootstrap_servers": "127.0.0.1:1"})
    assert (done.returncode, done.stderr) == (0, "")  # it needs neither
    done = fleet.programs.run(program, "--check-config", settings={**fleet.common, "log.level": "loud"})
    assert done.returncode == 78 and "log.level" in done.stderr
    for flag in ("--help", "--version"):
        done = fleet.programs.run(program, flag)
        assert done.returncode == 0 and program in done.stdout and done.stderr == ""


@pytest.mark.parametrize("program", PROGRAMS)
def test_secrets_come_by_environment_or_a_file_it_names(fleet, tmp_path, program):
    secrets = [name for name, secret in options(program) if secret]
    assert "database.url" in secrets and (program == "sync-producer" or "crypto.keys" in secrets)
    settings = {name: value for name, value in fleet.common.items() if name not in secrets}
    files = {}
    for name in secrets:
        if name not in fleet.common:
            continue
        assert fleet.programs.run(program, f"--{name}=x", settings=settings).returncode == 2
        path = tmp_path / name
        path.write_text(fleet.common[name] + "\n")  # as secrets are mounted into containers
        files[variable(name) + "_FILE"] = str(path)
    assert fleet.programs.run(program, "--check-config", settings=settings, env=files).returncode == 0
    twice = fleet.programs.run(program, "--check-config", settings=fleet.common, env=files)
    assert twice.returncode == 78 and "_FILE are both set" in twice.stderr
    gone = fleet.programs.run(program, "--check-config", settings=settings, env={**files, "SYNCFLEET_DATABASE__URL_FILE": "/nowhere"})
    assert gone.returncode == 78 and "/nowhere" in gone.stderr


def test_later_sources_win(fleet, tmp_path):
    """Defaults, file, environment, flags; seen by which address is taken and by what is logged."""
    path = tmp_path / "settings.cfg"
    path.write_text('log = { level = "debug"; format = "json"; };\nclock: { tick_ms = 100; };\nhttp: { listen = "127.0.0.1:0"; };\n')
    settings = {name: value for name, value in fleet.common.items() if not name.startswith("log.")}
    process = fleet.programs.start("sync-producer", [f"--config={path}", "--log.level=error"],
                                   {**settings, "kafka.group": "later", "log.level": "info"})
    fleet.processes.append(process)
    fleet.wait_until(lambda: fleet.value("select count(*) from pg_stat_activity where datname = current_database() "
                                         "and application_name like 'sync-producer%%'") >= 4, what="its sessions")
    assert process.log.read_text() == ""  # the flag's level
    assert process.stop() == 0


# ---- logs ----

def test_logs_are_json_lines(running):
    connection = running.connection("acct-1", records={"contacts": 250})
    running.simulator.dial("acct-1", "server_error")
    assert_faithful(running, [running.sync(connection)])
    for process in both(running):
        lines = process.log.read_text().splitlines()
        assert len(lines) > 3
        for line in lines:
            entry = json.loads(line)
            assert list(entry)[:4] == ["timestamp", "severity_text", "event", "service.name"]
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry["timestamp"])
            assert entry["severity_text"] in ("DEBUG", "INFO", "WARN", "ERROR") and re.fullmatch("[a-z_]+", entry["event"])
            assert entry["service.name"] == process.name
        assert [entry["timestamp"] for entry in process.events()] == sorted(entry["timestamp"] for entry in process.events())
    said = {entry["name"] for entry in running.producer.events("listening")}
    assert said == {"http", "admin"}


def test_log_levels_and_text(fleet):
    producer = fleet.programs.start("sync-producer", (), {**fleet.common, "http.listen": "127.0.0.1:0", "log.format": "text",
                                                          "log.level": "info", "kafka.group": "text"})
    fleet.processes.append(producer)
    fleet.wait_until(lambda: "name=admin" in producer.log.read_text(), what="the address")
    for line in producer.log.read_text().splitlines():
        assert re.match(r"\S+Z (INFO|WARN) +[a-z_]+ ", line) and not line.startswith("{"), line
    assert producer.stop() == 0


# ---- messages ----

def test_messages_are_what_their_schemas_say(running):
    """Tasks, results of every kind and dead letters, as they are on the topics."""
    good = running.connection("acct-1", records={"contacts": 120})
    bad = running.connection("acct-2", records={"contacts": 120})
    slow = running.connection("acct-3", records={"contacts": 120}, latency_ms=500)
    running.simulator.dial("acct-2", "server_error", status=403, times=-1)
    running.simulator.dial("acct-1", "null_id")
    syncs = [running.sync(good), running.sync(bad, ["contacts"]), running.sync(slow, ["contacts"])]
    assert running.api("POST", f"/v1/syncs/{syncs[2]}/cancel").status == 202
    assert_faithful_but_for_the_bad_record(running, syncs)
    running.wait_until(lambda: dead_letters(running), what="the dead letter")

    for message in running.messages("sync.tasks.practicepanther"):
        task = json.loads(message.value)
        validate("task", task)
        assert message.key == f"practicepanther:{task['connection_id']}"
        assert message.headers["ce_id"] == f"{task['task_id']}.{task['dispatch']}"
        assert message.headers["ce_type"] == "io.syncfleet.task.dispatched.v1"
        assert cloud_event(message)
    kinds = set()
    for message in running.messages("sync.results"):
        result = json.loads(message.value)
        validate("result", result)
        kinds.add(result["event_type"])
        assert message.key == result["connection_id"] and message.headers["ce_id"] == result["event_id"]
        assert message.headers["ce_type"] == f"io.syncfleet.{result['event_type']}.v1"
        assert message.headers["ce_subject"] == (result["task_id"] or result["sync_id"])
        assert re.fullmatch(r"\S+Z", message.headers["ce_time"]) and cloud_event(message)
    assert kinds == {f"{what}.{end}" for what in ("task", "sync") for end in ("completed", "failed", "cancelled")}


def cloud_event(message):
    headers = message.headers
    return (headers["ce_specversion"], headers["ce_source"], headers["content-type"]) == ("1.0", "/sync-fleet", "application/json")


def assert_faithful_but_for_the_bad_record(fleet, syncs):
    for sync, state in zip(syncs, ("completed", "failed", "cancelled")):
        fleet.wait_for_sync(sync, state=state)
    fleet.wait_for_events(syncs)
    fleet.wait_until(lambda: {event["task_id"] for event in fleet.results()} >= {task["task_id"] for task in fleet.tasks(*syncs)},
                     what="the tasks' events")
