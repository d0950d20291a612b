# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a request, a setting, the database or the topics: the exact answer, with what is allowed or what
to run. Through the real programs; the parts have unit tests of their own."""
import json

import pytest

from harness.faithful import assert_faithful
from harness.letters import assert_dead_letter, shipped_providers

NOBODY = "01a1fd59-0d64-717e-a7f5-49ee78102007"
EX_TEMPFAIL, EX_CONFIG, EX_USAGE = 75, 78, 2
SHIPPED = ", ".join(shipped_providers())
PROGRAMS = ("sync-producer", "sync-worker")
REQUEST = {"provider": "practicepanther", "connection_id": NOBODY}


# ---- HTTP ----

def problem(answer, status, code, pointer=None, says=""):
    """The answer is a problem document (RFC 9457) that says exactly this; returns its detail."""
    body = answer.body
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json"), answer
    assert (body["status"], body["code"]) == (status, code), body
    assert body["type"] == f"https://sync-fleet.dev/problems/{code}" and body["title"] == code.replace("_", " ")
    assert body["detail"] and isinstance(body["errors"], list)
    found = [error for error in body["errors"] if error["pointer"] == pointer] if pointer else [{"detail": body["detail"]}]
    assert found and says in found[0]["detail"], body
    return body["detail"]


BODIES = {
    "no JSON": (b"contacts, please", 400, "malformed_json", "#", ""),
    "half of it": (b'{"provider": "practicep', 400, "malformed_json", "#", ""),
    "no UTF-8": (b'{"provider": "\xff"}', 400, "malformed_json", "#", ""),
    "nothing": (b"", 400, "malformed_json", "#", ""),
    "a list": (b"[]", 400, "malformed_json", "#", "object"),
    "deeply nested": (b'{"provider": ' + 500 * b"[" + 500 * b"]" + b"}", 400, "too_deep", "#", ""),
    "a field twice": (b'{"provider": "bench", "provider": "bench"}', 400, "malformed_json", "#", "two members of one name"),
    "no provider": ({"connection_id": NOBODY}, 422, "missing_field", "#/provider", "required"),
    "no connection": ({"provider": "bench"}, 422, "missing_field", "#/connection_id", "required"),
    "an unknown field": ({**REQUEST, "colour": "red"}, 422, "unknown_field", "#/colour",
                         "known: tenant_id, connection_id, provider, resources, mode"),
    "an unknown provider": ({**REQUEST, "provider": "nobody"}, 422, "unknown_provider", "#/provider",
                            f"there are: {SHIPPED}"),
    "an unknown resource": ({**REQUEST, "resources": ["contacts", "kittens"]}, 422, "unknown_resource", "#/resources/1",
                            "it has: contacts, matters, tasks"),
    "a resource twice": ({**REQUEST, "resources": ["contacts", "contacts"]}, 422, "repeated", "#/resources/1", "twice"),
    "no resource": ({**REQUEST, "resources": []}, 422, "wrong_type", "#/resources", "at least one"),
    "a text of a list": ({**REQUEST, "resources": "contacts"}, 422, "wrong_type", "#/resources", "array"),
    "numbers of names": ({**REQUEST, "resources": [1]}, 422, "wrong_type", "#/resources/0", "string"),
    "an unknown mode": ({**REQUEST, "mode": "partial"}, 422, "not_allowed", "#/mode", "one of full, incremental"),
    "a number of a mode": ({**REQUEST, "mode": 1}, 422, "wrong_type", "#/mode", "string"),
    "no uuid": ({**REQUEST, "connection_id": "acct-1"}, 422, "wrong_type", "#/connection_id", "UUID"),
    "null of a connection": ({**REQUEST, "connection_id": None}, 422, "wrong_type", "#/connection_id", "UUID"),
    "another tenant": ({**REQUEST, "tenant_id": NOBODY}, 403, "foreign_tenant", "#/tenant_id", "leave it out"),
    "an unknown connection": (REQUEST, 404, "unknown_connection", "#/connection_id", "no connection"),
}


@pytest.fixture(scope="module")
def shared(request, kafka, postgres, template, ledger):
    """One fleet for the requests that change nothing."""
    from conftest import LOGS
    from harness.fleet import Fleet
    logs = LOGS / "test_bad_input"
    logs.mkdir(exist_ok=True)
    fleet = Fleet("bad_input", postgres, kafka, ledger, logs)
    fleet.start_producer()
    yield fleet
    fleet.close()


@pytest.mark.parametrize("name", BODIES)
def test_bodies(shared, name):
    body, status, code, pointer, says = BODIES[name]
    problem(shared.api("POST", "/v1/syncs", body), status, code, pointer, says)
    assert shared.value("select count(*) from syncs") == 0


def test_everything_that_is_wrong_is_named_at_once(shared):
    answer = shared.api("POST", "/v1/syncs", {"provider": "nobody", "mode": "partial", "colour": "red"})
    assert {error["pointer"] for error in answer.body["errors"]} == {"#/provider", "#/mode", "#/colour", "#/connection_id"}


def test_an_oversized_body(shared):
    body = json.dumps({**REQUEST, "provider": 70000 * "x"}).encode()
    problem(shared.api("POST", "/v1/syncs", body), 413, "body_too_large")


def test_another_content_type(shared):
    answer = shared.api("POST", "/v1/syncs", b"provider=bench", headers={"Content-Type": "application/x-www-form-urlencoded"})
    problem(answer, 415, "unsupported_media_type", says="application/json")


@pytest.mark.parametrize("method, path, status, code, says", [
    ("GET", "/v1/nowhere", 404, "unknown_path", ""), ("GET", "/", 404, "unknown_path", ""),
    ("DELETE", "/v1/syncs", 405, "method_not_allowed", "POST, GET, HEAD"),
    ("GET", f"/v1/syncs/{NOBODY}/cancel", 405, "method_not_allowed", "POST"),
    ("GET", f"/v1/dead-records/{NOBODY}", 404, "unknown_record", ""), ("GET", "/v1/dead-records/replay", 405, "method_not_allowed", "POST"),
    ("GET", f"/v1/syncs/{NOBODY}", 404, "unknown_sync", ""), ("POST", f"/v1/syncs/{NOBODY}/cancel", 404, "unknown_sync", "")])
def test_paths(shared, method, path, status, code, says):
    problem(shared.api(method, path), status, code, says=says)


@pytest.mark.parametrize("query, code, pointer, says", [
    ("limit=0", "out_of_range", "?limit", "between 1 and 200"), ("limit=ten", "wrong_type", "?limit", "integer"),
    ("state=done", "not_allowed", "?state", "queued, running, completed, failed, cancelled"),
    ("provider=nobody", "unknown_provider", "?provider", SHIPPED),
    ("cursor=x", "wrong_type", "?cursor", "next_cursor"), ("connection_id=7", "wrong_type", "?connection_id", "UUID"),
    ("colour=red", "unknown_parameter", "?colour", "limit, cursor, state, provider, connection_id"),
    ("limit=1&limit=2", "repeated", "?limit", "twice")])
def test_queries(shared, query, code, pointer, says):
    problem(shared.api("GET", f"/v1/syncs?{query}"), 422, code, pointer, says)


@pytest.mark.parametrize("query, code, pointer, says", [
    ("resource=", "out_of_range", "?resource", "1 to 63 bytes"), (f"reason={201 * 'x'}", "out_of_range", "?reason", "1 to 200 bytes"),
    ("reason=%ff", "value_refused", None, ""), ("state=new", "unknown_parameter", "?state", "known: limit, cursor, connection_id")])
def test_queries_of_the_quarantine(shared, query, code, pointer, says):
    answer = shared.api("GET", f"/v1/dead-records?{query}")
    assert answer.status == 422 and answer.body["code"] == code, answer
    assert pointer is None or (answer.body["errors"][0]["pointer"] == pointer and says in answer.body["errors"][0]["detail"])


def test_a_path_that_is_no_uuid(shared):
    problem(shared.api("GET", "/v1/syncs/seven"), 422, "wrong_type", "{sync_id}", "UUID")


@pytest.mark.parametrize("path", ["/v1/syncs", f"/v1/syncs/{NOBODY}", "/v1/providers"])
def test_keys(shared, path):
    problem(shared.api("GET", path, key=""), 401, "missing_key", says="Authorization: Bearer")
    for key in ("sfk_" + 43 * "A", "sfk_short", "another", shared.tenant.key[:-1], shared.tenant.key + "A"):
        answer = shared.api("GET", path, key=key)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.body["code"] in ("unknown_key", "missing_key") and key not in str(answer.body)
        problem(answer, 401, answer.body["code"])
    basic = shared.api("GET", path, key="", headers={"Authorization": "Basic dXNlcjpwYXNz"})
    problem(basic, 401, "missing_key")


def test_a_foreign_key_sees_nothing(shared):
    """Another tenant's connections and syncs are as if they were not there."""
    mine = shared.connection("acct-1", records={"contacts": 1})
    sync = shared.sync(mine)
    foreign = shared.new_tenant("foreign")
    body = {"provider": "practicepanther", "connection_id": mine.id}
    problem(foreign.api("POST", "/v1/syncs", body), 404, "unknown_connection", "#/connection_id")
    problem(foreign.api("POST", "/v1/syncs", {**body, "tenant_id": shared.tenant.id}), 403, "foreign_tenant", "#/tenant_id")
    problem(foreign.api("GET", f"/v1/syncs/{sync}"), 404, "unknown_sync")
    problem(foreign.api("POST", f"/v1/syncs/{sync}/cancel"), 404, "unknown_sync")
    assert foreign.api("GET", "/v1/syncs").body["syncs"] == []
    assert [row["sync_id"] for row in shared.api("GET", "/v1/syncs").body["syncs"]] == [sync]
    problem(shared.api("POST", "/v1/syncs", {**body, "provider": "bench"}), 422, "wrong_provider", "#/provider", "practicepanther")
    assert shared.api("POST", f"/v1/syncs/{sync}/cancel").status == 202
    shared.sql("delete from syncs")


# ---- the database ----

def refused(fleet, program, code, **settings):
    """The program ends at once with this code; returns what it said."""
    own = {"kafka.group": "none", **({"http.listen": "127.0.0.1:0"} if program == "sync-producer" else {})}
    done = fleet.programs.run(program, settings={**fleet.common, **own, **settings}, timeout=30)
    assert done.returncode == code, done
    return done.stderr


SCHEMAS = {
    "older": ("delete from schema_migrations where version = 1",
              ["older schema version", "syncctl migrate up"]),
    "none": ("drop table schema_migrations", ["no schema", "syncctl migrate up"]),
    "newer": ("insert into schema_migrations (version, name, sha256, min_binary) select max(version) + 1, 'x', 'x', '0.10.0' "
              "from schema_migrations", ["0.10.0", "syncctl migrate status"]),
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_database_at_another_schema_version(fleet, program, name):
    sql, says = SCHEMAS[name]
    fleet.sql(sql)
    text = refused(fleet, program, EX_TEMPFAIL)
    assert all(part in text for part in says), text
    assert not fleet.messages("sync.requests.dlq")


def test_a_newer_schema_that_this_binary_still_works_with(fleet):
    fleet.sql("insert into schema_migrations (version, name, sha256, min_binary) select max(version) + 1, 'x', 'x', '0.1.0' "
              "from schema_migrations")
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 10})
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"])])


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_database_that_is_away_at_the_start(fleet, program):
    text = refused(fleet, program, EX_TEMPFAIL, **{"database.url": "postgresql://nobody:a-password@127.0.0.1:1/x"})
    assert "127.0.0.1" in text and "a-password" not in text


# ---- Kafka ----

@pytest.mark.parametrize("program, topic", [
    ("sync-producer", "sync.requests"), ("sync-producer", "sync.requests.dlq"), ("sync-producer", "sync.results"), ("sync-producer", "sync.connections"),
    ("sync-producer", "sync.tasks.bench"), ("sync-worker", "sync.results"), ("sync-worker", "sync.tasks.practicepanther"),
    ("sync-worker", "sync.tasks.practicepanther.dlq"), ("sync-producer", "sync.tasks.practicepanther.dlq")])
def test_a_missing_topic_names_the_command(fleet, program, topic):
    fleet.topics.delete(topic)
    text = refused(fleet, program, 1)
    assert f"topic {fleet.topics.name(topic)} does not exist" in text and "syncctl topics create" in text


def test_a_broker_that_is_away_at_the_start(fleet):
    settings = {**fleet.common, "kafka.group": "none", "kafka.bootstrap_servers": "127.0.0.1:1"}
    started = [fleet.programs.start(program, settings=settings) for program in PROGRAMS]  # both wait for a while
    for process in started:
        assert process.wait(30) == 1
        assert "Kafka at 127.0.0.1:1" in process.log.read_text()


# ---- settings ----

@pytest.mark.parametrize("program, setting, value, says", [
    ("sync-producer", "clock.tick_ms", "5", "out of range: 10 to 10000"), ("sync-producer", "clock.tick_ms", "often", "clock.tick_ms"),
    ("sync-producer", "http.body_max_bytes", "1", "1024"), ("sync-producer", "log.level", "loud", "debug|info|warn|error"),
    ("sync-worker", "worker.slots", "0", "out of range: 1 to 10000"), ("sync-worker", "http.allow_plain_loopback", "perhaps", "true"),
    ("sync-worker", "crypto.keys", "k1:short", "crypto.keys"), ("sync-worker", "crypto.keys", "", "crypto.keys"),
    ("sync-worker", "providers.origins", "practicepanther", "provider=http"),
    ("sync-worker", "database.url", "", "database.url"), ("sync-producer", "kafka.bootstrap_servers", "", "kafka.bootstrap_servers"),
])
def test_a_setting_that_cannot_be(shared, program, setting, value, says):
    text = refused(shared, program, EX_CONFIG, **{setting: value})
    assert says in text and setting in text and text.count("\n") == 1, text


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("text, line, says", [
    ('log: {\n  colour = "red";\n};\n', 2, "unknown setting log.colour; --help-config lists all"),
    ('log: {\n  leve = "info";\n};\n', 2, "unknown setting log.leve; did you mean log.level"),
    ('database: {\n\n  url = "postgresql://";\n};\n', 3, "SYNCFLEET_DATABASE__URL"),
    ("log: {\n  level = 7;\n};\n", 2, "log.level: must be a text in quotes"),
    ('log: {\n  level = "loud";\n};\n', 2, "log.level"),
    ("log: {\n  level = ;\n};\n", 2, "syntax error"),
    ("admin: {\n};\nnonsense = 1;\n", 3, "unknown setting nonsense"),
], ids=["unknown", "misspelt", "secret", "wrong type", "not allowed", "syntax", "unknown group"])
def test_a_settings_file_that_is_wrong(shared, tmp_path, program, text, line, says):
    path = tmp_path / "settings.cfg"
    path.write_text(text)
    settings = {name: value for name, value in shared.common.items() if not name.startswith("log.")}
    done = shared.programs.run(program, f"--config={path}", settings=settings)
    assert done.returncode == EX_CONFIG
    assert f"{path}:{line}: " in done.stderr and says in done.stderr, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("flag", ["--colour=red", "--log.level", "--database.url=postgresql://x", "surplus"])
def test_flags_that_cannot_be(shared, program, flag):
    done = shared.programs.run(program, flag, settings=shared.common)
    assert done.returncode == EX_USAGE and done.stdout == "" and done.stderr.startswith(f"{program}: ")


@pytest.mark.parametrize("program, listens", [("sync-producer", "http.listen"), ("sync-producer", "admin.listen"),
                                              ("sync-worker", "admin.listen")])
def test_an_address_that_is_taken(shared, program, listens):
    taken = shared.producer.address("http")
    text = refused(shared, program, 1, **{listens: taken})
    assert listens in text and taken in text


# ---- where the worker may call ----

@pytest.mark.parametrize("origin, says", [
    ("http://127.0.0.1:{port}", "plain HTTP is not allowed"), ("http://localhost:{port}", "plain HTTP is not allowed"),
    ("https://127.0.0.1:{port}", "the address is not allowed")], ids=["plain", "plain by name", "loopback"])
def test_plain_http_and_loopback_need_a_setting(fleet, origin, says):
    fleet.start_producer()
    origin = origin.format(port=fleet.simulator.url.rpartition(":")[2])
    fleet.start_worker(http__allow_plain_loopback=False, providers__origins=f"practicepanther={origin}")
    connection = fleet.connection("acct-1", records={"contacts": 10})
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "permanent" and task["error_message"].endswith(f"{origin.partition('//')[2]}: {says}"), task
    assert_dead_letter(fleet, task)
    assert not fleet.simulator.log()


def test_plain_http_goes_to_loopback_only(fleet):
    fleet.start_producer()
    fleet.start_worker(providers__origins="practicepanther=http://192.0.2.1")
    connection = fleet.connection("acct-1", records={"contacts": 10})
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "permanent" and "the address is not allowed" in task["error_message"], task
