# SPDX-License-Identifier: Apache-2.0
"""Schedules: what callers make of them, and exactly one sync a tick, whatever is killed, late, broken or set back.
test_cron.py has the reckoning of ticks."""
import signal
import time
from collections import Counter
from datetime import datetime, timedelta, timezone

import psycopg2
import pytest

from harness.faithful import assert_faithful

UTC = timezone.utc
SCHEDULE_KEYS = {"schedule_id", "connection_id", "provider", "interval_s", "cron", "time_zone", "resources", "mode", "missed", "enabled",
                 "next_tick_at", "last_tick_at", "last_outcome", "last_reason", "last_sync_id", "created_at", "updated_at", "href"}
NOBODY = "01a1fd59-0d64-717e-a7f5-49ee78102007"


@pytest.fixture
def producing(fleet):
    fleet.start_producer()
    return fleet


def body_of(connection, **fields):
    return {"provider": connection.provider, "connection_id": connection.id, **fields}


def made(connection, **fields):
    """Makes a schedule and returns it as it was answered."""
    answer = connection.tenant.api("POST", "/v1/schedules", body_of(connection, **fields))
    assert answer.status == 201, answer
    return answer.body


def shown(tenant, schedule):
    answer = tenant.api("GET", f"/v1/schedules/{schedule['schedule_id']}")
    assert answer.status == 200, answer
    return answer.body


class Clock:
    """The clock of schedules, which stands still until the test sets it."""

    def __init__(self, fleet, now):
        self.fleet = fleet
        fleet.sql("create table test_clock (now timestamptz)")
        fleet.sql("insert into test_clock values (%s)", now)
        fleet.sql("create or replace function schedule_now() returns timestamptz language plpgsql stable as "
                  "'begin return (select now from test_clock); end'")
        fleet.sql("grant select on test_clock to public")

    def set(self, now):
        self.fleet.sql("update test_clock set now = %s", now)

    def settle(self, timeout=20):
        """Waits until nothing is due by this clock."""
        self.fleet.wait_until(lambda: not self.fleet.value(
            "select count(*) from schedules where next_tick_at <= schedule_now()"), timeout, "the due schedules to be taken")


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said(*times):
    """As the API writes them."""
    return [f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" for at in times]


def ticks(fleet, schedule):
    """What became of each tick so far, in order."""
    return [(row["tick_at"].astimezone(UTC), row["outcome"]) for row in fleet.sql(
        "select tick_at, outcome from schedule_ticks where schedule_id = %s order by tick_at", schedule["schedule_id"])]


def started(fleet, schedule):
    """The ticks of this schedule that syncs were made for, by the syncs themselves."""
    prefix = f"schedule:{schedule['schedule_id']}:"
    rows = fleet.sql("select request_id from syncs where starts_with(request_id, %s) and source = 'schedule' order by request_id", prefix)
    return [row["request_id"].removeprefix(prefix) for row in rows]


# ---- what callers do ----

def test_a_schedule_is_made_shown_replaced_and_deleted(producing):
    fleet, tenant = producing, producing.tenant
    clock = Clock(fleet, moment("2027-03-27 12:00"))
    connection = fleet.connection("acct-1")
    answer = tenant.api("POST", "/v1/schedules", body_of(connection, cron="30 2 * * *", time_zone="Europe/Berlin", mode="full"))
    schedule = answer.body
    twice = [tenant.api("POST", "/v1/schedules", body_of(connection, cron="@yearly"), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [again.status for again in twice] == [201, 201] and twice[0].body == twice[1].body
    assert answer.status == 201 and answer.headers["location"] == schedule["href"] == f"/v1/schedules/{schedule['schedule_id']}"
    assert set(schedule) == SCHEDULE_KEYS
    assert schedule == {**schedule, "connection_id": connection.id, "interval_s": None, "resources": None, "missed": "once", "enabled": True,
                        "last_tick_at": None, "next_tick_at": "2027-03-28T01:00:00.000000Z"}
    one = shown(tenant, schedule)
    assert {name: one[name] for name in SCHEDULE_KEYS} == schedule and one["ticks"] == []
    assert one["next_ticks"] == said(moment("2027-03-28 01:00"), *(moment(f"2027-03-{day} 00:30") for day in (29, 30, 31)),
                                     moment("2027-04-01 00:30"))
    other = body_of(connection, interval_s=3600, resources=["contacts"], enabled=False, missed="all")
    replaced = tenant.api("PUT", schedule["href"], other)
    assert replaced.status == 200 and replaced.body == {
        **schedule, "cron": None, "time_zone": None, "interval_s": 3600, "resources": ["contacts"], "mode": "incremental", "missed": "all",
        "enabled": False, "next_tick_at": None, "updated_at": replaced.body["updated_at"]}
    assert shown(tenant, schedule)["next_ticks"] == []
    clock.set(moment("2027-03-27 14:29"))
    assert tenant.api("PUT", schedule["href"], {**other, "enabled": True}).body["next_tick_at"] == "2027-03-27T15:00:00.000000Z"
    deleted = tenant.api("DELETE", schedule["href"])
    assert deleted.status == 200 and deleted.body == {"schedule_id": schedule["schedule_id"], "deleted": True}
    for method, body in (("GET", None), ("PUT", other), ("DELETE", None)):
        gone = tenant.api(method, schedule["href"], body)
        assert gone.status == 404 and gone.body["code"] == "unknown_schedule", (method, gone)


def test_schedules_are_listed_in_pages_by_filters(producing):
    fleet, tenant = producing, producing.tenant
    fleet.simulator.account("acct-2")
    first, second = tenant.connections(["acct-1", "acct-2"])
    of_first = [made(first, interval_s=60 + n) for n in range(5)]
    of_second = [made(second, cron="@daily", enabled=n > 0) for n in range(2)]
    other = fleet.new_tenant("second")
    assert other.api("GET", "/v1/schedules").body == {"schedules": [], "next_cursor": None}
    everything = tenant.api("GET", "/v1/schedules").body
    assert everything == {"schedules": (of_first + of_second)[::-1], "next_cursor": None}
    seen, path = [], f"/v1/schedules?limit=2&connection_id={first.id}"
    while path:
        page = tenant.api("GET", path)
        seen.append([schedule["interval_s"] for schedule in page.body["schedules"]])
        path = page.headers["link"].split(">")[0][1:] if "link" in page.headers else None
    assert seen == [[64, 63], [62, 61], [60]]
    assert [s["schedule_id"] for s in tenant.api("GET", "/v1/schedules?enabled=false&provider=practicepanther").body["schedules"]] == [
        of_second[0]["schedule_id"]]
    for query in ("enabled=perhaps", "provider=nobody", "cursor=x", "connection_id=7", "color=red"):
        assert tenant.api("GET", f"/v1/schedules?{query}").status == 422, query


WRONG = [({}, 422, "not_allowed", "#/interval_s"), ({"interval_s": 60, "cron": "@daily"}, 422, "not_allowed", "#/interval_s"),
         ({"interval_s": 59}, 422, "out_of_range", "#/interval_s"), ({"interval_s": "60"}, 422, "wrong_type", "#/interval_s"),
         ({"interval_s": 60, "time_zone": "UTC"}, 422, "not_allowed", "#/time_zone"),
         ({"cron": "@daily", "time_zone": "Mars/Phobos"}, 422, "unknown_time_zone", "#/time_zone"),
         ({"cron": "61 * * * *"}, 422, "invalid_cron", "#/cron"), ({"cron": "0 0 30 2 *"}, 422, "invalid_cron", "#/cron"),
         ({"cron": "@reboot"}, 422, "invalid_cron", "#/cron"), ({"cron": ""}, 422, "out_of_range", "#/cron"),
         ({"cron": "@daily", "resources": ["kittens"]}, 422, "unknown_resource", "#/resources/0"),
         ({"cron": "@daily", "mode": "replay"}, 422, "not_allowed", "#/mode"),
         ({"cron": "@daily", "missed": "most"}, 422, "not_allowed", "#/missed"),
         ({"cron": "@daily", "enabled": "yes"}, 422, "wrong_type", "#/enabled"),
         ({"cron": "@daily", "enabled": None}, 422, "wrong_type", "#/enabled"),
         ({"cron": "@daily", "colour": "red"}, 422, "unknown_field", "#/colour"),
         ({"cron": "@daily", "connection_id": NOBODY}, 404, "unknown_connection", "#/connection_id"),
         ({"cron": "@daily", "provider": "bench"}, 422, "wrong_provider", "#/provider")]


def test_what_is_refused_says_what_and_why(producing):
    fleet, tenant = producing, producing.tenant
    connection = fleet.connection("acct-1")
    for fields, status, code, pointer in WRONG:
        answer = tenant.api("POST", "/v1/schedules", {**body_of(connection), **fields})
        assert (answer.status, answer.body["code"], answer.body["errors"][0]["pointer"]) == (status, code, pointer), (fields, answer)
    assert "30 2" in tenant.api("POST", "/v1/schedules", body_of(connection, cron="0 0 30 2 *")).body["detail"]
    schedule = made(connection, cron="@daily")
    fleet.simulator.account("acct-2")
    (another,) = tenant.connections(["acct-2"])
    moved = tenant.api("PUT", schedule["href"], body_of(another, cron="@daily"))
    assert moved.status == 422 and moved.body["errors"][0]["pointer"] == "#/connection_id"
    foreign = fleet.new_tenant("second")
    for method, body in (("GET", None), ("PUT", body_of(connection, cron="@daily")), ("DELETE", None)):
        assert foreign.api(method, schedule["href"], body).status == 404, method
    assert foreign.api("POST", "/v1/schedules", body_of(connection, cron="@daily")).status == 404
    for _ in range(19):
        made(connection, cron="@daily", enabled=False)
    one_too_many = tenant.api("POST", "/v1/schedules", body_of(connection, cron="@daily"))
    assert one_too_many.status == 409 and one_too_many.body["code"] == "too_many_schedules"


def test_a_user_has_the_schedules_of_his_own_connections(producing):
    """Row level security and the writing functions, by the two settings that every caller's transaction has."""
    fleet, tenant = producing, producing.tenant
    fleet.simulator.account("acct-2")
    mine, theirs = tenant.connections(["acct-1", "acct-2"])
    user = fleet.value("insert into users (tenant_id, external_id) values (%s, 'u') returning user_id", tenant.id)
    fleet.sql("update connections set owner_user_id = %s where connection_id = %s", user, mine.id)
    schedules = [made(connection, cron="@daily") for connection in (mine, theirs)]
    session = fleet.another_session()
    session.autocommit = False
    with session.cursor() as cursor:
        def rows(query, *arguments):
            cursor.execute(query, arguments)
            return [list(row.values())[0] for row in cursor.fetchall()]
        rows("select set_config('syncfleet.tenant_id', %s, true), set_config('syncfleet.user_id', %s, true)", tenant.id, user)
        cursor.execute("set local role syncfleet_api")
        assert rows("select schedule_id::text from schedules") == [schedules[0]["schedule_id"]]
        put = "select status from put_schedule({}, %s, %s, %s, 'practicepanther', 60, null, null, null, 'full', 'once', true)"
        for schedule, connection, status in ((schedules[0], mine, 200), (schedules[1], theirs, 404)):
            assert rows(put.format("false"), schedule["schedule_id"], tenant.id, connection.id) == [status]
            assert rows(put.format("true"), fleet.value("select uuid_v7()"), tenant.id, connection.id) == [201 if status == 200 else 404]
            cursor.execute("savepoint taken")  # a new one takes nobody's place
            with pytest.raises(psycopg2.errors.NoDataFound):
                rows(put.format("true"), schedules[1]["schedule_id"], tenant.id, mine.id)
            cursor.execute("rollback to taken")
            assert rows("select status from delete_schedule(%s, %s)", schedule["schedule_id"], tenant.id) == [status]
    session.close()


# ---- ticks ----

def test_a_tick_becomes_a_sync_that_says_whose_it_is(fleet):
    fleet.start()
    connection = fleet.connection("acct-1", records={"contacts": 30, "matters": 20})
    clock = Clock(fleet, moment("2027-01-01 00:00:30"))
    schedule = made(connection, cron="*/15 * * * *", resources=["contacts"], mode="full")
    every = made(connection, interval_s=86400)
    clock.set(moment("2027-01-01 00:15:02"))
    clock.settle()
    one = shown(fleet.tenant, schedule)
    assert (one["last_tick_at"], one["last_outcome"], one["last_reason"]) == ("2027-01-01T00:15:00.000000Z", "started", None)
    assert one["next_tick_at"] == "2027-01-01T00:30:00.000000Z"
    assert [(tick["tick_at"], tick["outcome"], tick["sync_id"]) for tick in one["ticks"]] == [
        (one["last_tick_at"], "started", one["last_sync_id"])]
    assert_faithful(fleet, [one["last_sync_id"]])
    sync = fleet.api("GET", f"/v1/syncs/{one['last_sync_id']}").body
    assert {name: sync[name] for name in ("source", "schedule_id", "mode", "priority", "resources")} == {
        "source": "schedule", "schedule_id": schedule["schedule_id"], "mode": "full", "priority": "backfill", "resources": ["contacts"]}
    (listed,) = fleet.api("GET", "/v1/syncs").body["syncs"]
    assert (listed["source"], listed["schedule_id"]) == ("schedule", schedule["schedule_id"])
    clock.set(moment("2027-01-02 00:00:30"))  # whole intervals after it was made, not after the last tick
    clock.settle()
    assert started(fleet, every) == said(moment("2027-01-02 00:00:30"))
    of_all = shown(fleet.tenant, every)["last_sync_id"]
    assert sorted(task["resource"] for task in fleet.tasks(of_all)) == ["contacts", "matters", "tasks"]
    assert_faithful(fleet, [of_all])
    direct = fleet.api("GET", f"/v1/syncs/{fleet.sync(connection)}").body
    assert (direct["source"], direct["schedule_id"]) == ("http", None)
    metrics = fleet.admin(fleet.producer, "/metrics").body
    assert 'syncfleet_schedule_ticks_total{outcome="started"}' in metrics
    assert "syncfleet_schedules_due 0" in metrics and "syncfleet_schedules_lag_seconds 0" in metrics


def test_what_was_missed_is_dealt_with_by_policy(producing):
    fleet = producing
    connection = fleet.connection("acct-1")
    clock = Clock(fleet, moment("2027-01-01 00:10"))
    by = {policy: made(connection, cron="@hourly", missed=policy) for policy in ("skip", "once", "all")}
    often = made(connection, interval_s=60, missed="all")
    clock.set(moment("2027-01-01 05:30"))  # nobody looked for hours
    clock.settle()
    hours = [moment(f"2027-01-01 0{hour}:00") for hour in range(1, 6)]
    assert ticks(fleet, by["skip"]) == [(at, "missed") for at in hours]
    assert ticks(fleet, by["once"]) == [*((at, "missed") for at in hours[:4]), (hours[4], "started")]
    assert ticks(fleet, by["all"]) == [(at, "started") for at in hours]
    assert started(fleet, by["all"]) == said(*hours) and started(fleet, by["once"]) == said(hours[4])
    minutes = [moment("2027-01-01 05:30") - timedelta(minutes=n) for n in range(23, -1, -1)]
    assert ticks(fleet, often) == [(at, "started") for at in minutes]  # bounded: the latest 24
    assert "policy is skip" in shown(fleet.tenant, by["skip"])["last_reason"]
    clock.set(moment("2027-01-01 06:04:59"))  # late, but in time
    clock.settle()
    assert {policy: len(started(fleet, schedule)) for policy, schedule in by.items()} == {"skip": 1, "once": 2, "all": 6}
    clock.set(moment("2029-01-01 00:30"))  # years later
    clock.settle()
    assert {policy: len(started(fleet, schedule)) for policy, schedule in by.items()} == {"skip": 1, "once": 3, "all": 30}
    for schedule in by.values():
        assert shown(fleet.tenant, schedule)["next_tick_at"] == "2029-01-01T01:00:00.000000Z"


def test_a_connection_that_cannot_be_synced_has_its_ticks_skipped_with_the_reason(producing):
    fleet, tenant = producing, producing.tenant
    clock = Clock(fleet, moment("2027-01-01 00:00"))
    statuses = ["active", "suspect", "reauthorize", "disconnected", "paused"]
    for status in statuses:
        fleet.simulator.account(status)
    connections = dict(zip(statuses, tenant.connections(statuses)))
    by = {status: made(connection, interval_s=3600) for status, connection in connections.items()}
    assert tenant.api("POST", f"/v1/connections/{connections['paused'].id}/pause", {"reason": "moving house"}).status == 200
    for status, connection in list(connections.items())[:-1]:
        fleet.sql("update connections set status = %s where connection_id = %s", status, connection.id)
    gone = made(connections["active"], interval_s=3600, resources=["contacts"])
    fleet.sql("update schedules set resources = '{contacts,kittens}' where schedule_id = %s", gone["schedule_id"])
    clock.set(moment("2027-01-01 01:00"))
    clock.settle()
    outcomes = {status: shown(tenant, schedule) for status, schedule in by.items()}
    assert {status: one["last_outcome"] for status, one in outcomes.items()} == {
        "active": "started", "suspect": "started", "reauthorize": "skipped", "disconnected": "skipped", "paused": "skipped"}
    assert "authorised again" in outcomes["reauthorize"]["last_reason"] and outcomes["reauthorize"]["last_sync_id"] is None
    assert outcomes["paused"]["last_reason"] == "the connection is paused: moving house"
    assert shown(tenant, gone)["last_outcome"] == "skipped" and "kittens" in shown(tenant, gone)["last_reason"]
    assert tenant.api("POST", f"/v1/connections/{connections['paused'].id}/resume").status == 200
    fleet.sql("update connections set status = 'active'")  # from then on as if nothing had been
    clock.set(moment("2027-01-01 02:00"))
    clock.settle()
    assert {shown(tenant, schedule)["last_outcome"] for schedule in by.values()} == {"started"}
    assert ticks(fleet, by["reauthorize"]) == [(moment("2027-01-01 01:00"), "skipped"), (moment("2027-01-01 02:00"), "started")]
    log = fleet.producer.tail(4000)
    assert "schedule_tick" in log and "authorised again" in log
    assert 'syncfleet_schedule_ticks_total{outcome="skipped"} 5' in fleet.admin(fleet.producer, "/metrics").body


def test_switched_off_it_misses_nothing_and_replacing_keeps_what_is_due(fleet):
    """Without a producer at first, so that ticks stay due: the functions are called as a producer's route calls them."""
    clock = Clock(fleet, moment("2027-01-01 00:10"))
    connection = fleet.connection("acct-1")

    def put(new, id, cron, enabled=True, missed="all"):
        (row,) = fleet.sql("select status, body from put_schedule(%s, %s, %s, %s, 'practicepanther', null, %s, 'UTC', null, 'full', %s, %s)",
                           new, id, fleet.tenant.id, connection.id, cron, missed, enabled)
        assert row["status"] == 201 if new else 200, row
        return {"schedule_id": id}
    off, same, moved = (put(True, fleet.value("select uuid_v7()"), "@hourly") for _ in range(3))
    put(False, off["schedule_id"], "@hourly", enabled=False)
    clock.set(moment("2027-01-01 02:30"))
    put(False, off["schedule_id"], "@hourly")
    put(False, same["schedule_id"], "@hourly", missed="once")
    put(False, moved["schedule_id"], "45 * * * *")
    fleet.start_producer()
    clock.settle()
    clock.set(moment("2027-01-01 03:00"))
    clock.settle()
    assert [started(fleet, schedule) for schedule in (off, same, moved)] == [
        said(moment("2027-01-01 03:00")), said(moment("2027-01-01 02:00"), moment("2027-01-01 03:00")), said(moment("2027-01-01 02:45"))]


def test_a_schedule_that_breaks_delays_nobody(producing):
    """What its tick raises is its own; what passes by itself is tried again."""
    fleet = producing
    clock = Clock(fleet, moment("2027-01-01 00:00"))
    fleet.simulator.account("acct-2")
    bad, good = (made(connection, interval_s=60) for connection in fleet.tenant.connections(["acct-1", "acct-2"]))
    fleet.sql("create table trouble (sqlstate text)")
    fleet.sql("insert into trouble values ('40P01')")
    fleet.sql("create function make_trouble() returns trigger language plpgsql as $$ begin "
              f"if new.request_id like 'schedule:{bad['schedule_id']}%%' and exists (select from trouble) then "
              "raise 'trouble' using errcode = (select sqlstate from trouble); end if; return new; end $$")
    fleet.sql("create trigger trouble before insert on syncs for each row execute function make_trouble()")
    clock.set(moment("2027-01-01 00:01"))
    fleet.wait_until(lambda: "schedules_failed" in fleet.producer.tail(200), what="the busy database")
    assert ticks(fleet, bad) == []
    fleet.sql("update trouble set sqlstate = '23514'")
    clock.settle()
    assert ticks(fleet, bad) == [(moment("2027-01-01 00:01"), "skipped")] and shown(fleet.tenant, bad)["last_reason"] == "trouble"
    assert ticks(fleet, good) == [(moment("2027-01-01 00:01"), "started")]


def test_a_clock_that_is_set_back_or_forth_runs_no_tick_twice(producing):
    fleet = producing
    clock = Clock(fleet, moment("2027-01-01 00:10"))
    connection = fleet.connection("acct-1")
    hourly, late = made(connection, cron="@hourly"), made(connection, cron="0 12 * * *")
    for at in ("2027-01-01 01:00", "2027-01-01 02:00"):
        clock.set(moment(at))
        clock.settle()
    clock.set(moment("2027-01-01 13:30"))  # hours ahead, by mistake
    clock.settle()
    ahead = started(fleet, hourly)
    assert ahead == said(moment("2027-01-01 01:00"), moment("2027-01-01 02:00"), moment("2027-01-01 13:00"))
    clock.set(moment("2027-01-01 02:30"))  # and back again
    fleet.wait_until(lambda: shown(fleet.tenant, hourly)["next_tick_at"] == said(moment("2027-01-01 03:00"))[0], what="the schedules to see it")
    at = moment("2027-01-01 02:30")
    while at < moment("2027-01-01 15:00"):
        at += timedelta(hours=1)
        clock.set(at)
        clock.settle()
    hours = [moment("2027-01-01 01:00") + timedelta(hours=n) for n in range(15)]
    assert started(fleet, hourly) == said(*hours)
    assert started(fleet, late) == said(moment("2027-01-01 12:00"))
    for back in (1, 9, 11, 61, 3600):  # a little, again and again
        clock.set(at - timedelta(seconds=back))
        time.sleep(0.3)
        clock.set(at)
        clock.settle()
    assert started(fleet, hourly) == said(*hours)


@pytest.mark.parametrize("point", ["schedules_before", "schedules_after_commit", None])
def test_one_sync_a_tick_with_two_producers_one_of_which_is_killed(fleet, point):
    """Every fourth minute one stands still, while the other dies with what is due: before it was decided, or after. Or it dies by
    kill -9 at any moment, with both at work."""
    start = moment("2027-01-01 00:00")
    clock = Clock(fleet, start)
    steady = fleet.start_producer()
    fleet.simulator.accounts("many", 10)
    connections = fleet.tenant.connections([f"many{n}" for n in range(10)])
    schedules = [made(connection, **how, missed="all") for connection in connections
                 for how in ({"interval_s": 60}, {"cron": "*/2 * * * *", "time_zone": "Asia/Kolkata"})]
    for minute in range(1, 13):
        now = start + timedelta(minutes=minute)
        if minute % 4:
            clock.set(now)
            clock.settle()
        elif point is None:
            victim = fleet.start_producer()
            clock.set(now)
            victim.signal(signal.SIGKILL)
        else:
            steady.signal(signal.SIGSTOP)
            clock.set(now)
            victim = fleet.start_producer(env=fleet.with_failpoint(point))
            assert victim.wait() == -signal.SIGKILL
            due = fleet.value("select count(*) from schedules where next_tick_at <= schedule_now()")
            assert due == (0 if point == "schedules_after_commit" else 20)
            steady.signal(signal.SIGCONT)
    clock.settle()
    assert steady.running
    minutes = [start + timedelta(minutes=n) for n in range(1, 13)]
    for n, schedule in enumerate(schedules):
        assert started(fleet, schedule) == said(*(minutes[1::2] if n % 2 else minutes))
        assert set(Counter(at for at, _ in ticks(fleet, schedule)).values()) == {1}
    assert fleet.value("select count(*) from syncs") == 10 * 12 + 10 * 6
