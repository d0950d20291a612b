# SPDX-License-Identifier: Apache-2.0
"""Live progress by server-sent events: what is told, when a stream ends, what a listener who comes back is told, at whatever
producer, and what thousands of them cost."""
import resource
import uuid

import pytest

from harness.listening import Crowd, Listener

SOON = {"streams__tick_ms": 50}
ONE_PAGE = {"contacts": 20}
CROWD = 3000


def listen(fleet, path, last=None, key=None, **how):
    return Listener(fleet.producer_url + path, key or fleet.tenant.key, last, **how)


def events_of(sync):
    return f"/v1/syncs/{sync}/events"


def in_short(sync):
    """What an event says of a sync, out of what GET says."""
    names = ("sync_id", "state", "provider", "connection_id", "mode", "records", "rate_per_s", "estimated_completion_at", "waits_for",
             "waits_until", "created_at", "started_at", "ended_at", "href")
    return {name: sync[name] for name in names}


def drops(fleet, reason):
    return [event for event in fleet.producer.events("listener_gone") if event["reason"] == reason]


# ---- one sync ----

def test_a_sync_from_its_acceptance_to_its_end(fleet):
    fleet.start_producer(**SOON)
    connection = fleet.connection("acct-1", records={"contacts": 450}, latency_ms=250)
    sync = fleet.sync(connection, ["contacts"])
    with listen(fleet, events_of(sync)) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store" and stream.headers["x-accel-buffering"] == "no"
        assert stream.headers["x-request-id"]
        (queued,) = stream.wait_for("progress")
        assert queued.data["state"] == "queued" and queued.data["tasks_total"] == queued.data["tasks_unfinished"] == 1
        assert stream.parser.retry == 2000
        fleet.start_worker()
        (done,) = stream.wait_for("done")
        assert stream.wait_for_end() and stream.events[-1] is done
        told = [sum(event.data["records"].values()) for event in stream.named("progress")]
        assert told == sorted(told) and any(0 < count < 450 for count in told), told
        assert "running" in {event.data["state"] for event in stream.events}
        asked = fleet.api("GET", f"/v1/syncs/{sync}").body
        assert {name: done.data[name] for name in in_short(asked)} == in_short(asked)
        assert (done.data["state"], done.data["tasks_unfinished"], done.data["error"]) == ("completed", 0, None)
        ids = [int(event.id.split("-")[0]) for event in stream.events]
        assert ids == sorted(ids) and done.id.endswith("-done")
    with listen(fleet, events_of(sync), last=done.id) as again:
        assert again.status == 204
    with listen(fleet, events_of(sync), last=stream.events[0].id) as late:
        assert late.wait_for("done")[0].data == done.data and late.wait_for_end()


def test_what_a_sync_waits_for_and_why_it_failed(fleet):
    fleet.start_producer(**SOON)
    fleet.start_worker(retry__park_after_ms=200)
    connection = fleet.connection("acct-1", records=ONE_PAGE)
    fleet.simulator.dial("acct-1", "throttle", resource="contacts", times=1, retry_after="2")
    sync = fleet.sync(connection, ["contacts"])
    with listen(fleet, events_of(sync)) as stream:
        fleet.wait_until(lambda: any(event.data["waits_for"] == "HTTP 429" and event.data["waits_until"] for event in stream.events),
                         what="an event that says what it waits for")
        fleet.simulator.dial("acct-1", "forbidden", resource="contacts")
        (done,) = stream.wait_for("done")
        assert done.data["state"] == "failed" and done.data["error"]["class"] and done.data["error"]["message"]


def test_a_pause_is_told_and_its_end(fleet):
    fleet.start_producer(**SOON)
    connection = fleet.connection("acct-1", records=ONE_PAGE)
    with listen(fleet, events_of(fleet.sync(connection, ["contacts"]))) as stream:
        stream.wait_for("progress")
        assert fleet.api("POST", f"/v1/connections/{connection.id}/pause").status == 200
        fleet.wait_until(lambda: stream.events[-1].data["waits_for"] == "the connection is paused", what="the pause to be told")
        assert fleet.api("POST", f"/v1/connections/{connection.id}/resume").status == 200
        fleet.start_worker()
        assert stream.wait_for("done")[0].data["state"] == "completed"


@pytest.mark.parametrize("path, status, code", [
    ("/v1/syncs/{nobody}/events", 404, "unknown_sync"), ("/v1/syncs/seven/events", 422, "wrong_type"),
    ("/v1/events?state=running", 422, "unknown_parameter")])
def test_what_cannot_be_listened_to(fleet, path, status, code):
    fleet.start_producer()
    answer = fleet.api("GET", path.format(nobody=uuid.uuid4()))
    assert (answer.status, answer.body["code"]) == (status, code)
    assert fleet.api("GET", path.format(nobody=uuid.uuid4()), key="").status == 401


# ---- all of the caller's ----

def test_all_syncs_of_a_tenant_and_of_nobody_else(fleet):
    fleet.start_producer(**SOON)
    fleet.start_worker()
    mine = [fleet.connection(f"acct-{n}", records=ONE_PAGE) for n in range(3)]
    stranger = fleet.new_tenant("stranger")
    theirs = stranger.connection("other", records=ONE_PAGE)
    with listen(fleet, "/v1/events") as stream, listen(fleet, "/v1/events", key=stranger.key) as strange:
        syncs = [fleet.sync(connection, ["contacts"]) for connection in mine]
        foreign = stranger.sync(theirs, ["contacts"])
        ends = stream.wait_for("done", 3)
        assert {event.data["sync_id"] for event in ends} == set(syncs)
        assert [event.data["sync_id"] for event in strange.wait_for("done")] == [foreign]
        assert {event.data["sync_id"] for event in stream.events} == set(syncs)
        assert {event.data["sync_id"] for event in strange.events} == {foreign}
        assert len(stream.named("done")) == 3 and not stream.ended  # it goes on


def test_ends_are_not_missed_by_who_comes_back_to_another_producer(fleet):
    first = fleet.start_producer(**SOON)
    fleet.start_worker()
    connections = [fleet.connection(f"acct-{n}", records=ONE_PAGE) for n in range(4)]
    with listen(fleet, "/v1/events") as stream:
        early = fleet.sync(connections[0], ["contacts"])
        stream.wait_for("done")
        fleet.wait_until(lambda: int(stream.last_id.split("-")[0]) > int(stream.events[-1].id.split("-")[0]), what="the tick's own id")
        last = stream.last_id
    while_away = [fleet.sync(connection, ["contacts"]) for connection in connections[1:]]
    for sync in while_away:
        fleet.wait_for_sync(sync, state="completed")
    first.kill()
    fleet.start_producer(**SOON)
    with listen(fleet, "/v1/events", last=last) as back:
        told = {event.data["sync_id"] for event in back.wait_for("done", 3)}
        assert told == set(while_away) and early not in told
    with listen(fleet, "/v1/events") as new:
        running = fleet.sync(connections[0], ["contacts"])
        assert [event.data["sync_id"] for event in new.wait_for("done")] == [running]  # no history without an id


def test_who_was_away_for_too_long_is_told_to_look_for_himself(fleet):
    fleet.start_producer(**SOON)
    fleet.start_worker()
    now_us = int(fleet.value("select extract(epoch from now()) * 1000000"))
    with listen(fleet, "/v1/events", last=f"{now_us - 3601 * 10**6}-1") as stream:
        (reset,) = stream.wait_for("reset")
        assert reset.data["href"] == "/v1/syncs"
        sync = fleet.sync(fleet.connection("acct-1", records=ONE_PAGE), ["contacts"])
        assert stream.wait_for("done")[0].data["sync_id"] == sync
    with listen(fleet, "/v1/events", last=f"{now_us}-{10**12}") as stream:  # another database's
        stream.wait_for("reset")
    with listen(fleet, "/v1/events", last="nonsense") as stream:
        assert stream.status == 200


def test_an_end_in_an_old_transaction_is_told(fleet):
    """Its time is before what listeners know already, and it cannot be seen until it is committed."""
    fleet.start_producer(**SOON)
    sync = fleet.sync(fleet.connection("acct-1", records=ONE_PAGE), ["contacts"])
    task = fleet.tasks(sync)[0]["task_id"]
    session = fleet.another_session()
    session.autocommit = False
    with listen(fleet, "/v1/events") as stream, session.cursor() as cursor:
        cursor.execute("select event_id from end_tasks(array[%s]::uuid[], '{completed}', '{null}', '{null}')", [task])
        other = fleet.sync(fleet.connection("acct-2", records=ONE_PAGE), ["contacts"])
        fleet.wait_until(lambda: any(event.data["sync_id"] == other for event in stream.events), what="a tick that came later")
        assert not stream.named("done")
        session.commit()
        (done,) = stream.wait_for("done")
        assert done.data["sync_id"] == sync
        fleet.api("POST", f"/v1/syncs/{other}/cancel")
        assert [event.data["sync_id"] for event in stream.wait_for("done", 2)] == [sync, other]
    session.close()


# ---- the stream itself ----

def test_heartbeats_and_the_end_of_a_streams_life(fleet):
    fleet.start_producer(streams__tick_ms=50, streams__heartbeat_ms=150, streams__life_s=2)
    with listen(fleet, "/v1/events") as stream:
        fleet.wait_until(lambda: stream.parser.comments.count("heartbeat") >= 2, what="two heartbeats")
        assert not stream.events and stream.last_id
        assert stream.wait_for_end(), "in good order"


def test_a_stop_ends_all_streams(fleet):
    fleet.start_producer(**SOON)
    with listen(fleet, "/v1/events") as one, listen(fleet, "/v1/events") as other:
        assert fleet.producer.stop(10) == 0
        assert one.wait_for_end() and other.wait_for_end()


def test_who_goes_away_is_noticed_and_who_reads_slowly_is_dropped(fleet):
    fleet.start_producer(streams__tick_ms=20, streams__heartbeat_ms=100, streams__buffer_bytes=16384)
    gone = listen(fleet, "/v1/events")
    gone.__enter__()
    gone.close()
    fleet.wait_until(lambda: drops(fleet, "client went away"), what="the heartbeat to notice")
    connection = fleet.connection("acct-1", records=ONE_PAGE)
    slow = listen(fleet, "/v1/events", receive_buffer=2048, read=False)
    with listen(fleet, "/v1/events") as good:
        ended = 0
        def flood():
            nonlocal ended
            for _ in range(100):
                fleet.sql("with made as (insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, state, open_tasks, "
                          "ended_at) values (%s, %s, %s, 'practicepanther', 'full', 'http', 'completed', 0, now()) returning *) "
                          "insert into sync_ends select tenant_id, ended_at, sync_id from made",
                          str(uuid.uuid4()), fleet.tenant.id, connection.id)
            ended += 100
            good.wait_for("done", ended)
            return drops(fleet, "reads too slowly")
        fleet.wait_until(flood, 40, "the slow reader to be dropped")
        assert not good.closed
    assert "syncfleet_stream_dropped_total 1" in fleet.admin(fleet.producer, "/metrics").body
    slow.close()


def test_there_is_a_clear_limit_to_listeners(fleet):
    fleet.start_producer(http__connections_max=10)
    streams = [listen(fleet, "/v1/events") for _ in range(9)]
    for stream in streams:
        assert stream.__enter__().status == 200
    answer = fleet.api("GET", "/v1/events")
    assert (answer.status, answer.body["code"]) == (503, "too_many_listeners") and answer.headers["retry-after"]
    for stream in streams:
        stream.close()


def test_more_connections_than_files_are_refused_at_the_start(fleet):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard > 100000:
        pytest.skip("this process may have any number of files")
    done = fleet.programs.run("sync-producer", settings={**fleet.common, "http.listen": "127.0.0.1:0", "http.connections_max": hard})
    assert done.returncode == 78 and "open files" in done.stderr and "http.connections_max" in done.stderr


def test_thousands_listen_and_nobody_is_forgotten(fleet):
    """One query a tick for all of them, and none when they are gone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, CROWD + 500)), hard))
    fleet.start_producer(streams__tick_ms=200)
    fleet.simulator.accounts("acct-", 20, records=ONE_PAGE)
    connections = fleet.tenant.connections([f"acct-{n}" for n in range(20)])
    syncs = [fleet.sync(connection, ["contacts"]) for connection in connections]
    crowd = Crowd([fleet.producer_url + events_of(syncs[n % 20]) for n in range(CROWD)], fleet.tenant.key)
    try:
        crowd.read_until(lambda: crowd.heads == CROWD, 30, "all heads")
        assert fleet.api("GET", "/v1/providers").status == 200
        fleet.start_worker()
        crowd.read_until(lambda: crowd.done == CROWD, 30, "all ends")
        fleet.wait_until(lambda: "syncfleet_stream_listeners 0" in fleet.admin(fleet.producer, "/metrics").body, what="all to be gone")
    finally:
        crowd.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
