# SPDX-License-Identifier: Apache-2.0
"""Secrets stay in: every secret of a fleet is a canary, everything is made to happen, and then whatever a stranger could read is
searched for them: logs with each library's debugging on, topics, the database, metrics, answers, command lines, core dumps."""
import base64
import os
import re
import resource
import signal
import subprocess
import time
import urllib.parse

import jwt
import pytest

from harness.kafka import PASSWORD as KAFKA_PASSWORD
from harness.postgres import bin_folder
from harness.process import wait_until

ACCOUNT = "acct-7"
DATABASE_PASSWORD = "canary-of-database-9f20ac"
WRONG_PASSWORD = "canary-of-nobody-55d1e0"
CRYPTO_KEY = base64.b64encode(b"canary of the ring of keys, k9.!").decode()
STATE_KEY = "canary-of-oauth-states-1c44f0-long-enough"
TOKEN_SECRET = "canary-of-users-tokens-7be21d-long-enough"
CLIENT_SECRET = "canary-of-an-application-80aa3c"
HIGHLEVEL_SECRET = "canary-of-highlevels-client-3b77d2"
GOOGLE_SECRET = "canary-of-googles-client-e6019f"
DEMO_TOKEN = "canary-of-the-demos-seller-c81a7e"
TIMERS_SECRET = "canary-of-the-timer-5f0c9a"
SETTINGS = {"database.url", "kafka.properties", "crypto.keys", "oauth.clients", "oauth.state_key", "auth.jwt_secret",
            "oauth.highlevel_client_secret", "oauth.google_client_secret", "internal.sync_secret",
            "amazon.demo_refresh_token"}


def spellings(secret):
    """A secret as it could be written somewhere."""
    raw = secret.encode()
    code = base64.b64encode(raw).decode().rstrip("=")
    return {secret, raw.hex(), code, code.replace("+", "-").replace("/", "_"), urllib.parse.quote(secret, safe="")}


class Canaries:
    def __init__(self):
        self.secrets = {}
        self.found = []

    def add(self, **secrets):
        self.secrets.update(secrets)

    def look(self, place, text):
        for name, secret in self.secrets.items():
            for spelling in spellings(secret):
                at = text.find(spelling)
                if at >= 0:
                    self.found.append(f"{name} in {place}: ...{text[max(0, at - 80):at + len(spelling) + 20]!r}")

    def assert_none_got_out(self):
        assert not self.found, "\n".join(self.found)


@pytest.fixture
def canaries():
    return Canaries()


@pytest.fixture
def guarded(fleet, kafka, postgres):
    """The fleet behind passwords: PostgreSQL and Kafka ask for them, and its programs debug all that can be debugged."""
    role = f"guarded_{fleet.name}"
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    fleet.start_producer()  # whoever makes tenants and keys is not what is tried here
    rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{before}")
    postgres.psql(f"create role {role} login password '{DATABASE_PASSWORD}' in role syncfleet_fleet, syncfleet_api; "
                  "select pg_reload_conf()")
    fleet.common["database.url"] = fleet.common["database.url"].replace("syncfleet@", f"{role}:{DATABASE_PASSWORD}@")
    fleet.common["kafka.bootstrap_servers"] = kafka.sasl
    fleet.common["kafka.properties"] = ("security.protocol=sasl_plaintext;sasl.mechanism=PLAIN;sasl.username=fleet;"
                                        f"sasl.password={KAFKA_PASSWORD};debug=all")
    fleet.common["crypto.keys"] = f"k9:{CRYPTO_KEY},{fleet.common['crypto.keys']}"
    fleet.common["oauth.clients"] = f"zoho=an-application:{CLIENT_SECRET}"
    fleet.common["oauth.highlevel_client_secret"], fleet.common["oauth.google_client_secret"] = HIGHLEVEL_SECRET, GOOGLE_SECRET
    fleet.common["oauth.state_key"], fleet.common["oauth.redirect_uri"] = STATE_KEY, "https://fleet.example/v1/oauth/callback"
    fleet.common["amazon.demo_refresh_token"] = DEMO_TOKEN
    fleet.common["auth.jwt_secret"], fleet.common["internal.sync_secret"] = TOKEN_SECRET, TIMERS_SECRET
    fleet.producer.stop()
    yield fleet
    for process in reversed(fleet.processes):
        process.kill()
    rules.write_text(before)
    postgres.psql(f"select pg_reload_conf(); drop role {role}")


def tokens_of(account, pairs):
    return {f"{kind} token {n}": f"{short}-{account}-{n}" for n in range(1, pairs + 1) for kind, short in (("access", "at"), ("refresh", "rt"))}


def make_everything_happen(fleet, canaries):
    """Refreshes, good syncs, a dead letter with evidence, records in quarantine, an account to authorise again, refused callers."""
    connection = fleet.connection(ACCOUNT, records={"contacts": 120, "matters": 30, "tasks": 30})
    canaries.add(**tokens_of(ACCOUNT, 3), **{"service key": fleet.tenant.key})
    fleet.simulator.dial(ACCOUNT, "expire_token")
    fleet.wait_for_sync(fleet.sync(connection, mode="full"), state="completed")
    fleet.simulator.dial(ACCOUNT, "nul_text", resource="contacts", times=1)
    fleet.simulator.dial(ACCOUNT, "server_error", resource="matters", status=422)
    fleet.wait_for_sync(fleet.sync(connection, ["contacts", "matters"], mode="full"), state="failed")
    fleet.simulator.dial(ACCOUNT, "expire_token")
    fleet.simulator.dial(ACCOUNT, "unauthorized", resource="token")
    fleet.wait_for_sync(fleet.sync(connection, ["tasks"]), state="failed")
    return connection


def ask_wrongly(fleet, canaries):
    """Callers who put their key where it does not belong, and users with tokens that are good for nothing, or for little."""
    key, url = fleet.tenant.key, fleet.producer_url
    claims = {"sub": "someone", "tenant_id": "first", "exp": int(time.time()) + 600}
    token = jwt.encode(claims, TOKEN_SECRET, algorithm="HS256")
    forged = jwt.encode(claims, TOKEN_SECRET + "x", algorithm="HS256")
    canaries.add(token=token.rpartition(".")[2], forged=forged.rpartition(".")[2])
    assert fleet.http("GET", f"{url}/v1/syncs", headers={"Cookie": f"session_token={token}"}).status == 200
    return [fleet.http("GET", f"{url}/v1/syncs?key={key}", key=key), fleet.http("GET", f"{url}/v1/{key}", key=key),
            fleet.http("POST", f"{url}/v1/syncs", {"provider": key, "connection_id": "x"}, key=key),
            fleet.http("GET", f"{url}/v1/syncs", headers={"Authorization": f"Basic {key}"}),
            fleet.http("GET", f"{url}/v1/syncs", headers={"Authorization": f"Bearer {key}x"}),
            fleet.http("GET", f"{url}/v1/syncs", key=forged), fleet.http("GET", f"{url}/v1/keys", key=token),
            fleet.http("POST", f"{url}/api/internal/sync/run-once", key=TIMERS_SECRET + "x"),
            fleet.http("POST", f"{url}/v1/syncs", {}, {"Cookie": f"session_token={token}", "Origin": "https://evil.example"})]


def readable_answers(fleet, operator):
    """Every list and every object that a caller with all rights can read."""
    routes = fleet.programs.output("sync-producer", "--routes", settings=fleet.common)
    plain = re.findall(r'"method":"GET","path":"(/v1/[^"{]*)"', routes)
    paths = [path for path in plain if not path.endswith(("/events", "/callback"))]
    assert len(paths) >= 4
    paths += [f"/v1/syncs/{sync}" for sync in fleet.syncs()]
    answers = [fleet.api("GET", path, key=operator) for path in paths]
    return answers


def dump(fleet, postgres):
    done = subprocess.run([bin_folder() / "pg_dump", "-d", postgres.url(fleet.database, "postgres")], capture_output=True, check=True)
    return done.stdout.decode()


def test_no_secret_gets_out(guarded, postgres, canaries):
    fleet = guarded
    canaries.add(**{"database password": DATABASE_PASSWORD, "Kafka password": KAFKA_PASSWORD, "key of keys": CRYPTO_KEY,
                    "client's secret": CLIENT_SECRET, "HighLevel's": HIGHLEVEL_SECRET, "Google's": GOOGLE_SECRET, "key of states": STATE_KEY, "secret of tokens": TOKEN_SECRET,
                    "secret of timers": TIMERS_SECRET, "token of the demo's seller": DEMO_TOKEN})
    fleet.start(workers=2)
    make_everything_happen(fleet, canaries)
    for answer in ask_wrongly(fleet, canaries):
        assert answer.status >= 400
        # What a caller wrote himself may be shown to himself; the logs below must not have it.
        answer.body.pop("detail", None), answer.body.pop("errors", None)
        canaries.look("a refusal", f"{answer.headers}{answer.body}")
    operator = fleet.ctl.key("first", rights="read,sync,connect,admin,operate")
    canaries.add(operator=operator)
    for answer in readable_answers(fleet, operator):
        assert answer.status == 200
        canaries.look("an answer", f"{answer.headers}{answer.body}")
    for process in [fleet.producer, *fleet.workers]:
        for path in ("/metrics", "/version", "/livez", "/readyz"):
            canaries.look(f"{process.name}{path}", str(fleet.admin(process, path).body))
        with open(f"/proc/{process.pid}/cmdline", encoding="utf-8") as line:
            canaries.look("a command line", line.read())
    for topic in [name for name in fleet.topics.admin.list_topics(timeout=10).topics if name.startswith(fleet.topics.prefix)]:
        for message in fleet.messages(topic[len(fleet.topics.prefix):]):
            canaries.look(topic, f"{message.key} {message.value} {message.headers}")
    text = dump(fleet, postgres)
    assert "COPY public.connections" in text and "COPY public.task_evidence" in text
    canaries.look("the database", text)
    for process in [fleet.producer, *fleet.workers]:
        process.stop()
    for process in [fleet.producer, *fleet.workers]:
        log = process.log.read_text()
        assert "kafka_log" in log and "SASL" in log  # librdkafka's debugging is on
        canaries.look(process.log.name, log)
    canaries.assert_none_got_out()


def test_every_secret_setting_has_its_canary(fleet):
    texts = [fleet.programs.output(program, "--help-config") for program in ("sync-producer", "sync-worker")]
    assert {name for text in texts for name in re.findall(r"^(\S+) .* secret text", text, re.MULTILINE)} == SETTINGS


def test_the_search_finds_what_it_looks_for(canaries):
    canaries.add(token="at-acct-7-1")
    for text in ("x at-acct-7-1 y", "at-acct-7-1".encode().hex(), base64.b64encode(b"at-acct-7-1").decode()):
        canaries.look("here", text)
    assert len(canaries.found) == 3


@pytest.mark.parametrize("program", ["sync-producer", "sync-worker", "syncctl"])
def test_refused_passwords_are_not_repeated(guarded, canaries, program):
    fleet = guarded
    canaries.add(password=WRONG_PASSWORD, right=DATABASE_PASSWORD, kafka=KAFKA_PASSWORD)
    wrong = {**fleet.common, "database.url": fleet.common["database.url"].replace(DATABASE_PASSWORD, WRONG_PASSWORD)}
    unreadable = {**fleet.common, "database.url": f"postgresql://x:{WRONG_PASSWORD}@127.0.0.1:port/db"}
    words = ["get", "tenants"] if program == "syncctl" else []
    for settings in (wrong, unreadable):
        done = fleet.programs.run(program, *words, settings={**settings, "http.listen": None} if words else settings)
        assert done.returncode != 0 and done.stderr
        canaries.look(program, done.stdout + done.stderr)
    canaries.assert_none_got_out()


def test_a_refused_kafka_password_is_not_repeated(guarded, canaries):
    fleet = guarded
    canaries.add(kafka=WRONG_PASSWORD)
    fleet.common["kafka.properties"] = fleet.common["kafka.properties"].replace(KAFKA_PASSWORD, WRONG_PASSWORD)
    done = fleet.programs.run("sync-producer", settings={**fleet.common, "http.listen": "127.0.0.1:0"})
    assert done.returncode != 0
    canaries.look("the log", done.stdout + done.stderr)
    canaries.assert_none_got_out()


@pytest.mark.parametrize("program", ["producer", "worker"])
def test_an_abort_leaves_no_core(fleet, program):
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    fleet.start()
    process = fleet.producer if program == "producer" else fleet.workers[0]
    os.kill(process.pid, signal.SIGABRT)
    # The status of wait() says whether the kernel wrote one; Popen throws that bit away.
    status = wait_until(lambda: os.waitpid(process.pid, os.WNOHANG)[1], 10, "the program to abort")
    process.child.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)
