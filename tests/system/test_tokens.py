# SPDX-License-Identifier: Apache-2.0
"""Access tokens: one refresh in the whole fleet, pairs that are never lost, accounts that must be authorised again, and
tokens that appear nowhere."""
import base64
import re

import pytest

from harness.faithful import assert_faithful
from harness.letters import declarations

RESOURCES = ["contacts", "matters", "tasks"]
RECORDS = {"contacts": 150, "matters": 150, "tasks": 150}
SHORT_SESSION = {"kafka__properties": "session.timeout.ms=6000;heartbeat.interval.ms=500"}  # the broker's least


def grants(fleet, account=None):
    """What was asked of the token endpoint."""
    return [entry for entry in fleet.simulator.log(account) if entry["path"] == "/oauth/token"]


def connection_row(fleet, connection):
    (row,) = fleet.sql("select * from connections where connection_id = %s", connection.id)
    return row


def expire(fleet, connection):
    """The database knows that the token is over, as an hour later."""
    fleet.sql("update connections set token_expires_at = now() - interval '1 second' where connection_id = %s", connection.id)


def sync_at_once(fleet, connection):
    """One sync of each resource."""
    return [fleet.sync(connection, [resource], mode="full") for resource in RESOURCES]


@pytest.mark.parametrize("known", [True, False], ids=["known to be over", "found out by the calls"])
def test_many_tasks_need_a_refresh_at_once(fleet, known):
    fleet.start(workers=3)
    accounts = [f"acct-{n}" for n in range(1, 9)]
    connections = [fleet.connection(account, records=RECORDS, latency_ms=20) for account in accounts]
    for connection in connections:
        fleet.simulator.dial(connection.account, "latency", resource="token", ms=200)  # long enough for everybody to come
        if known:
            expire(fleet, connection)
        else:
            fleet.simulator.dial(connection.account, "expire_token")
    syncs = [sync for connection in connections for sync in sync_at_once(fleet, connection)]
    assert_faithful(fleet, syncs)
    owners = {event["worker_id"] for worker in fleet.workers for event in worker.events("joined")}
    assert len(owners) >= 3
    for connection in connections:
        assert [entry["status"] for entry in grants(fleet, connection.account)] == [200]
        row = connection_row(fleet, connection)
        assert (row["token_version"], row["status"], row["refresh_owner"]) == (2, "active", None)
    assert fleet.value("select count(*) from connections where token_expires_at < now() + interval '23 hours'") == 0


def test_the_token_endpoint_fails_for_a_while(fleet, tmp_path):
    fleet.start_producer()
    fleet.start_worker(providers__dir=declarations(tmp_path / "providers", short_endpoint_timeout))
    connection = fleet.connection("acct-1", records=RECORDS)
    expire(fleet, connection)
    fleet.simulator.dial("acct-1", "server_error", resource="token", status=503)
    fleet.simulator.dial("acct-1", "throttle", resource="token", after=1, retry_after="1")
    fleet.simulator.dial("acct-1", "hang", resource="token", after=2)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"])])
    answers = [entry["status"] for entry in grants(fleet)]
    assert answers[:2] == [503, 429] and len(answers) >= 3
    assert connection_row(fleet, connection)["status"] == "active"


def short_endpoint_timeout(_, text):
    return text.replace('kind = "oauth2";', 'kind = "oauth2"; timeout_s = 1;')


def test_an_answer_that_was_lost_spends_the_grant(fleet):
    """The provider issued a pair that never arrived: nobody but the user can help, and the message says so."""
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    expire(fleet, connection)
    fleet.simulator.dial("acct-1", "cut", resource="token")
    sync = fleet.sync(connection, ["contacts"])
    assert_auth_failure(fleet, connection, sync)
    assert len(grants(fleet)) == 2  # the lost one, and the one that says invalid_grant


def test_a_refused_refresh(fleet):
    fleet.start(workers=2)
    connection = fleet.connection("acct-1", records=RECORDS)
    other = fleet.connection("acct-2", records=RECORDS)
    fleet.simulator.dial("acct-1", "expire_token", after=1)
    fleet.simulator.dial("acct-1", "unauthorized", resource="token", times=-1)
    fleet.simulator.dial("acct-1", "latency", resource="token", times=-1, ms=1000)  # until all three are asked for
    syncs = sync_at_once(fleet, connection)
    for sync in syncs:
        assert_auth_failure(fleet, connection, sync)
    assert len(grants(fleet, "acct-1")) == 1  # asking again would be of no use
    assert_faithful(fleet, [*syncs, fleet.sync(other)])
    assert not fleet.messages("sync.tasks.practicepanther.dlq")  # replaying would be of no use

    answer = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection.id})
    assert (answer.status, answer.body["code"]) == (409, "connection_reauthorize")
    assert "authorised again" in answer.body["detail"]


def assert_auth_failure(fleet, connection, sync):
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "auth" and "must be authorised again" in task["error_message"]
    (end,) = [event for event in fleet.wait_for_events([sync]) if event["sync_id"] == sync]
    assert (end["event_type"], end["error_class"]) == ("sync.failed", "auth")
    assert "must be authorised again" in end["error_message"]
    assert connection_row(fleet, connection)["status"] == "reauthorize"


def test_a_pair_that_its_worker_holds_frozen_is_not_given_up(fleet):
    """A worker stops between the provider's answer and the database. Its pair is the only good one: whoever takes over is
    refused, must not believe it yet, and goes on with the pair when it comes."""
    fleet.start_producer()
    first = fleet.start_worker(refresh__lease_ms=2000, **SHORT_SESSION)
    connection = fleet.connection("acct-1", records=RECORDS)
    expire(fleet, connection)
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=600)
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_until(lambda: fleet.simulator.state("acct-1")["in_flight"], what="the call that refreshes")
    first.freeze()
    fleet.wait_until(lambda: grants(fleet), what="the answer that nobody reads")
    fleet.start_worker(refresh__lease_ms=2000, **SHORT_SESSION)
    fleet.wait_until(lambda: connection_row(fleet, connection)["status"] == "suspect", what="the doubt", timeout=30)
    first.thaw()
    assert_faithful(fleet, [sync])
    row = connection_row(fleet, connection)
    assert (row["status"], row["token_version"]) == ("active", 2)


def test_a_worker_that_dies_with_the_pair_leaves_an_account_to_authorise(fleet):
    fleet.start_producer()
    first = fleet.start_worker(refresh__lease_ms=1000, **SHORT_SESSION)
    connection = fleet.connection("acct-1", records=RECORDS)
    expire(fleet, connection)
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=600)
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_until(lambda: fleet.simulator.state("acct-1")["in_flight"], what="the call that refreshes")
    first.freeze()
    fleet.wait_until(lambda: grants(fleet), what="the answer that nobody reads")
    first.kill()
    fleet.start_worker(refresh__lease_ms=1000, **SHORT_SESSION)
    assert_auth_failure(fleet, connection, sync)


def test_a_token_that_lives_shorter_than_a_refresh_is_early(fleet):
    """Seconds of life, minutes of early refresh: no refresh for every page."""
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 600}, expires_in=60)
    expire(fleet, connection)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"])])
    assert 1 <= len(grants(fleet)) <= 2


CANARY = re.compile(r"(?:at|rt)-canary-\d|key-canary|a-client-secret|sfk_[A-Za-z0-9_-]{43}|the key of these tests")


def test_tokens_are_nowhere(fleet):
    fleet.start(workers=2)
    fleet.simulator.account("canary", records=RECORDS)
    connections = []
    for account in ("canary", "canary-2"):
        fleet.simulator.account(account, records=RECORDS)
        secret = {**fleet.simulator.secret(account), "client_secret": "a-client-secret"}
        (made,) = fleet.ctl.connections([{"tenant": fleet.tenant.name, "provider": "practicepanther", "external_id": account,
                                          **secret}])
        connections.append(made)
    body = {"provider": "practicepanther"}
    fleet.simulator.dial("canary", "expire_token", after=2)
    fleet.simulator.dial("canary", "server_error", after=4)
    fleet.simulator.dial("canary-2", "expire_token")
    fleet.simulator.dial("canary-2", "unauthorized", resource="token")
    syncs = [fleet.api("POST", "/v1/syncs", {**body, "connection_id": made}).body["sync_id"] for made in connections]
    fleet.wait_for_sync(syncs[0], state="completed")
    fleet.wait_for_sync(syncs[1], state="failed")
    fleet.produce("sync.requests", {**body, "connection_id": connections[0], "key": fleet.tenant.key})  # an unknown field
    fleet.wait_until(lambda: fleet.messages("sync.requests.dlq"), what="the dead request")
    assert connection_row_by_id(fleet, connections[0])["token_version"] == 2  # a new pair was issued, stored and used

    for sync in syncs:
        assert not CANARY.search(str(fleet.api("GET", f"/v1/syncs/{sync}").body))
    for process in fleet.processes:
        if process.name == "provider-simulator":
            continue
        assert process.events("up") and not CANARY.search(process.log.read_text())
        assert not CANARY.search(str(fleet.admin(process, "/metrics").body))
        assert not secret_in_arguments(process)
    for topic in ("sync.requests", "sync.results", "sync.tasks.practicepanther", "sync.tasks.practicepanther.dlq"):
        for message in fleet.messages(topic):
            assert topic == "sync.requests" or not CANARY.search(f"{message.key} {message.value} {message.headers}")
    tables = [row["name"] for row in fleet.sql("select c.oid::regclass::text as name from pg_class c where c.relkind = 'r' "
                                                "and c.relnamespace = 'public'::regnamespace")]
    assert "connections" in tables and len(tables) >= 13
    for table in tables:
        for row in fleet.sql(f"select t::text as text from {table} t"):
            assert not CANARY.search(plain(row["text"])), table


def plain(text):
    """The row's text, and what its bytea columns would say."""
    found = [bytes.fromhex(part).decode(errors="replace") for part in re.findall(r"\\x((?:[0-9a-f]{2})+)", text)]
    return " ".join([text, *found])


def connection_row_by_id(fleet, connection_id):
    (row,) = fleet.sql("select * from connections where connection_id = %s", connection_id)
    return row


def secret_in_arguments(process):
    with open(f"/proc/{process.pid}/cmdline", encoding="utf-8", errors="replace") as file:
        return CANARY.search(file.read())


def key(name, byte):
    return f"{name}:{base64.b64encode(32 * byte).decode()}"


def test_a_key_that_is_not_there_fails_the_task_and_says_so(fleet):
    """The worker has other keys than whoever sealed the tokens."""
    fleet.start_producer()
    fleet.start_worker(crypto__keys=key("other", b"o"))
    connection = fleet.connection("acct-1", records=RECORDS)
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "permanent" and 'key "k1"' in task["error_message"] and "crypto.keys" in task["error_message"]


def test_keys_are_rotated_without_downtime(fleet):
    """Both keys open, the first one seals: after the next refresh the old key is of no use any more."""
    fleet.start_producer()
    old = fleet.common["crypto.keys"]
    new = key("k2", b"2")
    worker = fleet.start_worker(crypto__keys=f"{new},{old}")
    connection = fleet.connection("acct-1", records=RECORDS)
    expire(fleet, connection)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"])])
    worker.stop()
    fleet.start_worker(crypto__keys=new)
    assert_faithful(fleet, [fleet.sync(connection, ["matters"])])
    assert len(grants(fleet)) == 1
