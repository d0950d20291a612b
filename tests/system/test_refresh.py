# SPDX-License-Identifier: Apache-2.0
"""One refresh per connection in the fleet, whatever goes wrong with it: leases that are too short, endpoints that throttle,
clocks that are off; and keys that change under load."""
import base64
import re
import subprocess
import threading

import pytest

from harness.faithful import assert_faithful
from harness.letters import declarations

RECORDS = {"contacts": 150, "matters": 150, "tasks": 150}
RESOURCES = list(RECORDS)


def grants(fleet, account=None):
    return [entry for entry in fleet.simulator.log(account) if entry["path"] == "/oauth/token"]


def row_of(fleet, connection):
    (row,) = fleet.sql("select *, refresh_until - now() as lease, extract(epoch from refresh_after - now())::float8 as throttled_s, "
                       "extract(epoch from token_expires_at - now())::float8 as life_s from connections "
                       "where connection_id = %s", connection.id)
    return row


def expires(fleet, connection, seconds):
    fleet.sql("update connections set token_expires_at = now() + %s * interval '1 second' where connection_id = %s",
              seconds, connection.id)


def is_asked(fleet, account="acct-1"):
    return fleet.simulator.state(account)["in_flight"]


# --- one for all ---

def copies(count):
    """The declaration with so many resources more, all of them contacts under other names and in other tables."""
    def change(name, text):
        if name != "practicepanther":
            return text
        block = re.search(r"  \{\n    name = \"contacts\";.*?\n  \},\n", text, re.S).group(0)
        more = "".join(block.replace('"contacts"', f'"contacts_{number}"', 1).replace(
            '"practicepanther_contacts"', f'"practicepanther_contacts_{number}"', 1) for number in range(count))
        return text.replace(block, more + block, 1)
    return change


@pytest.mark.parametrize("known", [True, False], ids=["known to be over", "found out by the calls"])
def test_64_tasks_of_one_account_need_one_refresh(fleet, tmp_path, known):
    folder = declarations(tmp_path / "providers", copies(64))
    for number in range(64):
        fleet.sql(f"create table practicepanther_contacts_{number} (like practicepanther_contacts including all)")
    fleet.start_producer(providers__dir=folder)
    for _ in range(3):
        fleet.start_worker(providers__dir=folder, worker__slots=32)
    connection = fleet.connection("acct-1", records={"contacts": 120}, latency_ms=20)
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=500)
    if known:
        expires(fleet, connection, -1)
    else:
        fleet.simulator.dial("acct-1", "expire_token")
    sync = fleet.sync(connection, [f"contacts_{number}" for number in range(64)], mode="full")
    fleet.wait_for_sync(sync, state="completed")
    tasks = fleet.tasks(sync)
    assert len(tasks) == 64 and {(task["state"], task["attempts"]) for task in tasks} == {("completed", 0)}
    assert [entry["status"] for entry in grants(fleet)] == [200]
    assert (row_of(fleet, connection)["token_version"], row_of(fleet, connection)["status"]) == (2, "active")


# --- before its time ---

@pytest.mark.parametrize("left_s, asked", [(290, 1), (310, 0)])
def test_a_token_is_refreshed_five_minutes_before_its_end(fleet, left_s, asked):
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, left_s)
    assert_faithful(fleet, [fleet.sync(connection)])
    assert len(grants(fleet)) == asked
    assert row_of(fleet, connection)["token_version"] == 1 + asked


@pytest.mark.parametrize("dial, options", [("server_error", {}), ("throttle", {"retry_after": "600"})])
def test_a_good_token_is_used_when_its_early_refresh_fails(fleet, dial, options):
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, 200)
    fleet.simulator.dial("acct-1", dial, resource="token", times=-1, **options)
    sync = fleet.sync(connection)
    assert_faithful(fleet, [sync])
    assert {(task["state"], task["attempts"], task["epoch"]) for task in fleet.tasks(sync)} == {("completed", 0, 1)}
    assert 1 <= len(grants(fleet)) <= 3 and row_of(fleet, connection)["token_version"] == 1


# --- an endpoint that makes one wait ---

def test_a_throttling_token_endpoint_is_left_alone_by_everybody(fleet):
    """One call, not one of each task; nobody's tries are used up, nobody's slot is held."""
    fleet.start(workers=2)
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, -1)
    fleet.simulator.dial("acct-1", "throttle", resource="token", retry_after="600")
    syncs = [fleet.sync(connection, [resource], mode="full") for resource in RESOURCES]
    fleet.wait_until(lambda: all(task["state"] == "waiting" for task in fleet.tasks()), what="all three to be parked")
    assert len(grants(fleet)) == 1 and 590 < row_of(fleet, connection)["throttled_s"] <= 600
    for task in fleet.tasks():
        assert (task["attempts"], task["owner"]) == (0, None)
    assert fleet.value("select min(extract(epoch from due_at - now()))::float8 from sync_tasks") > 580
    shown = fleet.api("GET", f"/v1/syncs/{syncs[-1]}").body
    assert "token" in shown["waits_for"] and shown["waits_until"] is not None

    later = fleet.connection("acct-2", records=RECORDS)  # another account's tokens are another matter
    expires(fleet, later, -1)
    assert_faithful(fleet, [fleet.sync(later)])
    fleet.sql("update connections set refresh_after = now() where connection_id = %s", connection.id)  # ten minutes later
    fleet.sql("update sync_tasks set due_at = now() where state = 'waiting'")
    assert_faithful(fleet, syncs)
    assert [entry["status"] for entry in grants(fleet, "acct-1")] == [429, 200]
    assert row_of(fleet, connection)["refresh_after"] is None


def test_an_endpoint_slower_than_its_lease_keeps_it(fleet):
    """The lease is renewed as long as the call is under way: nobody else spends the grant."""
    fleet.start_producer()
    for _ in range(2):
        fleet.start_worker(refresh__lease_ms=1000, retry__park_after_ms=1000)
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, -1)
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=4000)
    syncs = [fleet.sync(connection, [resource], mode="full") for resource in RESOURCES]
    fleet.wait_until(lambda: is_asked(fleet), what="the call that refreshes")
    fleet.wait_until(lambda: any(task["state"] == "waiting" for task in fleet.tasks()), what="a slot that is given back")
    assert_faithful(fleet, syncs)
    assert [entry["status"] for entry in grants(fleet)] == [200]
    row = row_of(fleet, connection)
    assert (row["token_version"], row["status"], row["refresh_owner"]) == (2, "active", None)
    assert all(task["attempts"] == 0 for task in fleet.tasks())


def test_a_refused_refresh_uses_the_newer_pair_that_is_stored_already(fleet):
    """Somebody else's refresh was first. The provider refuses the spent grant, and the account stays authorised."""
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, -1)
    fleet.simulator.dial("acct-1", "unauthorized", resource="token")
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=1000)
    sync = fleet.sync(connection, ["contacts"])
    fleet.wait_until(lambda: is_asked(fleet), what="the call that will be refused")
    # the other's pair: the same, under the next version, since only workers can seal one
    fleet.sql("update connections set token_version = 2, token_expires_at = now() + interval '1 hour', refresh_owner = null, "
              "refresh_until = null where connection_id = %s", connection.id)
    assert_faithful(fleet, [sync])
    assert len(grants(fleet)) == 1
    assert (row_of(fleet, connection)["status"], row_of(fleet, connection)["token_version"]) == ("active", 2)


# --- clocks ---

SKEW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *ret)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, ret);
    if (rc == 0 && id == CLOCK_REALTIME && getenv("SKEW_S"))
        ret->tv_sec += atol(getenv("SKEW_S"));
    return rc;
}
"""


@pytest.fixture(scope="session")
def skew(tmp_path_factory):
    """A library that puts a program's wall clock off by SKEW_S seconds."""
    folder = tmp_path_factory.mktemp("skew")
    (folder / "skew.c").write_text(SKEW)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "skew.so", folder / "skew.c", "-ldl"], check=True)
    return lambda seconds: {"LD_PRELOAD": str(folder / "skew.so"), "SKEW_S": str(seconds)}


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_worker_whose_clock_is_off_judges_tokens_like_the_others(fleet, skew, hours):
    """It keeps no dead token and drops no good one, and what it stores is right for the others."""
    fleet.start_producer()
    fleet.start_worker(env=skew(hours * 3600))
    connection = fleet.connection("acct-1", records=RECORDS, expires_in=3600)
    expires(fleet, connection, 1800)
    assert_faithful(fleet, [fleet.sync(connection, ["contacts"])])
    assert not grants(fleet)
    expires(fleet, connection, -1)
    assert_faithful(fleet, [fleet.sync(connection, ["matters"])])
    assert len(grants(fleet)) == 1
    assert 3500 < row_of(fleet, connection)["life_s"] <= 3600
    stamps = [event["timestamp"] for event in fleet.workers[0].events("up")]
    assert stamps and abs(fleet.value("select extract(epoch from %s::timestamptz - now())::float8", stamps[0])) > 2 * 3600


@pytest.mark.parametrize("hours", [-20, 20])
def test_a_provider_whose_clock_is_off(fleet, hours):
    """How long a token lives counts from its arrival; a date to retry at, from the answer's own Date."""
    fleet.start()
    connection = fleet.connection("acct-1", records=RECORDS, expires_in=3600, clock_skew=hours * 3600)
    expires(fleet, connection, -1)
    assert_faithful(fleet, [fleet.sync(connection)])
    assert len(grants(fleet)) == 1 and 3500 < row_of(fleet, connection)["life_s"] <= 3600


def test_a_token_that_the_provider_ends_early(fleet):
    """Our clock says an hour more: the provider's word counts, once for all tasks."""
    fleet.start(workers=2)
    connection = fleet.connection("acct-1", records=RECORDS)
    expires(fleet, connection, 3600)
    fleet.simulator.dial("acct-1", "expire_token", after=2)
    syncs = [fleet.sync(connection, [resource], mode="full") for resource in RESOURCES]
    assert_faithful(fleet, syncs)
    assert len(grants(fleet)) == 1 and all(task["attempts"] == 0 for task in fleet.tasks())


# --- keys ---

def key(name, byte):
    return f"{name}:{base64.b64encode(32 * byte).decode()}"


def status(fleet, keys):
    return {row["key"]: (int(row["secrets"]), row["state"]) for row in rotate(fleet, keys, "status")}


def rotate(fleet, keys, command="rotate"):
    before, fleet.ctl.settings = fleet.ctl.settings, {**fleet.common, "crypto.keys": keys}
    try:
        return fleet.ctl("secrets", command)
    finally:
        fleet.ctl.settings = before


def test_secrets_are_sealed_again_while_workers_refresh(fleet):
    """Nothing is lost: every account goes on with the pair that the provider issued last, and the old key is not needed."""
    old, new = fleet.common["crypto.keys"], key("k2", b"2")
    both = f"{new},{old}"
    fleet.start_producer()
    before = [fleet.start_worker() for _ in range(2)]  # these know the old key only
    accounts = fleet.simulator.accounts("acct-", 450, records={"contacts": 100, "matters": 100}, latency_ms=5)
    connections = fleet.tenant.connections(accounts)
    assert status(fleet, both) == {"k1": (450, "in use: syncctl secrets rotate"), "k2": (0, "seals")}
    for worker in before:
        worker.stop()
    workers = [fleet.start_worker(crypto__keys=both, worker__slots=64) for _ in range(2)]

    ended = threading.Event()
    rotations = []

    def rotate_all_the_time():
        while not ended.is_set():
            rotations.append(rotate(fleet, both))

    thread = threading.Thread(target=rotate_all_the_time)
    fleet.sql("update connections set token_expires_at = now()")
    thread.start()
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    for sync in syncs:
        fleet.wait_for_sync(sync, state="completed", timeout=90)
    ended.set()
    thread.join()
    assert len(rotations) >= 2
    assert {row["token_version"] for row in fleet.sql("select token_version from connections")} == {2}
    assert len(grants(fleet)) == 450 and {entry["status"] for entry in grants(fleet)} == {200}
    assert status(fleet, both) == {"k2": (450, "seals"), "k1": (0, "no longer in use: take it out of crypto.keys")}
    for worker in workers:
        worker.stop()
    fleet.start_worker(crypto__keys=new, worker__slots=64)
    syncs = [fleet.sync(connection, ["matters"]) for connection in connections[::10]]
    for sync in syncs:
        fleet.wait_for_sync(sync, state="completed", timeout=60)


def test_a_rotation_says_what_it_cannot_open_and_seals_the_rest(fleet):
    fleet.start_producer()
    fleet.simulator.accounts("acct-", 5, records={"contacts": 10})
    connections = fleet.tenant.connections([f"acct-{number}" for number in range(5)])
    fleet.sql("update connections set secret = set_byte(secret, length(secret) - 1, 255 - get_byte(secret, length(secret) - 1)) "
              "where connection_id = %s", connections[2].id)
    both = f"{key('k2', b'2')},{fleet.common['crypto.keys']}"
    done = fleet.programs.run("syncctl", "secrets", "rotate", settings={**fleet.common, "crypto.keys": both})
    assert done.returncode == 1 and "1 secrets could not be opened" in done.stderr and connections[2].id in done.stderr
    assert status(fleet, both) == {"k1": (1, "in use: syncctl secrets rotate"), "k2": (4, "seals")}
    missing = status(fleet, key("k2", b"2"))
    assert missing == {"k1": (1, "in use, and not in crypto.keys"), "k2": (4, "seals")}
