# SPDX-License-Identifier: Apache-2.0
"""Requests that are accepted together: each is answered as if it had come alone."""
import json
import random
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

PROVIDER = "practicepanther"
RESOURCES = ("contacts", "matters", "tasks")
FIELDS = {"sync_id": "uuid", "tenant_id": "uuid", "request_id": "text", "connection_id": "uuid", "provider": "text", "resources": "text",
          "mode": "text", "traceparent": "text", "direct": "boolean", "priority": "text", "on_conflict": "text",
          "bound_from": "timestamptz", "bound_to": "timestamptz"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][0-9:.]+(Z|\+00)")


def parameters(kind):
    """The functions' parameters in order: `source` stands after the tenant."""
    words = [f"%s::{'text[]' if name == 'resources' else kind.format(type_)}" for name, type_ in FIELDS.items()]
    return ", ".join(words[:2] + ["'kafka'"] + words[2:])


def together(cursor, requests):
    cursor.execute(f"select * from accept_syncs({parameters('{}[]')})", [[rq[name] for rq in requests] for name in FIELDS])
    return [dict(row) for row in cursor.fetchall()]


def one_by_one(cursor, requests):
    answers = []
    for rq in requests:
        cursor.execute(f"select * from accept_sync({parameters('{}')})", [rq[name].split(",") if name == "resources" else rq[name] for name in FIELDS])
        answers += [dict(row) for row in cursor.fetchall()]
    return answers


STATE = """select t.resource, t.connection_id::text, t.task_id::text, t.after_task::text, t.mode, t.state, t.dispatch, t.replay, t.traceparent,
        t.ripe_at is null as interactive, t.queued_at is null as sent, t.due_at is null as kept, t.bound_from, t.bound_to,
        array(select m.sync_id::text from sync_members m where m.task_id = t.task_id order by 1) as syncs
    from sync_tasks t order by t.connection_id, t.resource, t.after_task is not null, t.ended_at nulls last, t.created_at"""
SYNCS = "select sync_id::text, connection_id::text, mode, request_id, state, open_tasks, backfill, traceparent from syncs order by sync_id"


def outcome(fleet, way, batches):
    """What comes of the requests, in a transaction that is undone: the ids of tasks by the order in which they are told of."""
    with fleet.another_session() as session, session.cursor() as cursor:
        session.autocommit = False
        answers = [way(cursor, requests) for requests in batches]
        cursor.execute(STATE)
        tasks = [dict(row) for row in cursor.fetchall()]
        cursor.execute(SYNCS)
        syncs = [dict(row) for row in cursor.fetchall()]
        cursor.execute("select count(*) from sync_members m where not exists (select from sync_tasks t where t.task_id = m.task_id) "
                       "or not exists (select from syncs s where s.sync_id = m.sync_id)")
        assert cursor.fetchone()["count"] == 0, "members of nothing"
        session.rollback()
    given = {rq["sync_id"] for requests in batches for rq in requests} | {rq["connection_id"] for requests in batches for rq in requests}
    for answer in (answer for batch in answers for answer in batch):
        answer["body"] = json.loads(answer["body"])
        if answer["body"].get("code") == "sync_in_progress":  # together, it may tell of a sync that was asked for later
            answer["body"] = "in progress"
        answer["dispatch"] = [dict(message, value=json.loads(message["value"])) for message in json.loads(answer["dispatch"] or "[]")]
    names = {}

    def name(found):
        return found[0] if found[0] in given else names.setdefault(found[0], f"id {len(names)}")
    text = json.dumps([answers, tasks, syncs], default=str, sort_keys=True, indent=1)
    return TIME.sub("then", re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name, text))


@pytest.fixture(name="world")
def make_world(fleet):
    """Connections of every kind, some with live tasks, and a stranger's."""
    a, b, lost = fleet.tenant.connections(["a", "b", "lost"])
    stranger = fleet.new_tenant("stranger").connections(["c"])[0]
    fleet.sql("update connections set status = 'reauthorize' where connection_id = %s", lost.id)
    for connection, resources, claimed in ((a, ["contacts", "tasks"], True), (b, ["contacts"], False)):
        fleet.sql("select * from accept_sync(uuid_v7(), %s, 'http', null, %s, %s, %s, 'incremental', null, false)", fleet.tenant.id,
                  connection.id, PROVIDER, resources)
        if claimed:
            fleet.sql("update sync_tasks set state = 'running', epoch = 1, queued_at = null where connection_id = %s", connection.id)
    return [a.id, b.id, lost.id, stranger.id, str(uuid.uuid4())]


def some_request(dice, fleet, world, earlier):
    if earlier and dice.random() < 0.15:  # it comes again, as messages do
        return {**dice.choice(earlier), "sync_id": str(uuid.UUID(int=dice.getrandbits(128), version=4))}
    span = dice.random() < 0.15
    return {"sync_id": str(uuid.UUID(int=dice.getrandbits(128), version=4)), "tenant_id": dice.choice([fleet.tenant.id] * 5 + [None]),
            "request_id": dice.choice([None, f"event {dice.random()}"]),
            "connection_id": dice.choices(world, [6, 6, 1, 1, 1])[0], "provider": dice.choices([PROVIDER, "bench"], [12, 1])[0],
            "resources": ",".join(dice.sample(RESOURCES, dice.randint(1, 3))),
            "mode": dice.choices(["full", "incremental", "replay"], [4, 4, 1])[0], "traceparent": dice.choice([None, TRACE]),
            "direct": dice.random() < 0.5, "priority": dice.choice(["interactive", "backfill"]),
            "on_conflict": dice.choices(["attach", "reject"], [2, 1])[0],
            "bound_from": "2026-01-01Z" if span else None, "bound_to": "2026-02-01Z" if span else None}


@pytest.mark.parametrize("seed", range(12))
def test_together_is_as_one_after_the_other(fleet, world, seed):
    dice = random.Random(seed)
    batches, earlier = [], []
    for _ in range(3):
        batches.append([])
        for _ in range(dice.choice([1, 3, 10, 20])):
            earlier.append(some_request(dice, fleet, world, earlier))
            batches[-1].append(earlier[-1])
    assert outcome(fleet, together, batches) == outcome(fleet, one_by_one, batches)


def plain(fleet, connection, **more):
    return {"sync_id": str(uuid.uuid4()), "tenant_id": fleet.tenant.id, "request_id": None, "connection_id": connection, "provider": PROVIDER,
            "resources": "contacts", "mode": "full", "traceparent": None, "direct": True, "priority": "interactive", "on_conflict": "attach",
            "bound_from": None, "bound_to": None, **more}


def test_what_is_known_of_a_batch(fleet, world):
    """The cases that the dice are to meet, by name."""
    free = fleet.tenant.connections(["free"])[0].id
    _, live, lost, foreign, nobody = world
    requests = [plain(fleet, free, resources="matters,contacts"), plain(fleet, free), plain(fleet, lost), plain(fleet, foreign),
                plain(fleet, nobody), plain(fleet, free, provider="bench"), plain(fleet, free, on_conflict="reject"),
                plain(fleet, live, resources="matters,contacts", on_conflict="reject"), plain(fleet, live, resources="matters"),
                plain(fleet, free, resources="tasks", request_id="x"), plain(fleet, live, request_id="x")]
    with fleet.another_session() as session, session.cursor() as cursor:
        answers = together(cursor, requests)
    bodies = [json.loads(answer["body"]) for answer in answers]
    assert [(answer["status"], body.get("code")) for answer, body in zip(answers, bodies)] == [
        (202, None), (202, None), (409, "connection_reauthorize"), (404, "unknown_connection"), (404, "unknown_connection"),
        (422, "wrong_provider"), (409, "sync_in_progress"), (409, "sync_in_progress"), (202, None), (202, None), (202, None)]
    contacts, _ = bodies[0]["tasks"]
    assert [task["resource"] for task in bodies[0]["tasks"]] == ["contacts", "matters"]
    assert bodies[1]["tasks"] == [dict(contacts, state="queued")], "the second joins the first"
    assert answers[1]["dispatch"] is None and len(json.loads(answers[0]["dispatch"])) == 2
    assert bodies[6]["sync_id"] == min(body["sync_id"] for body in bodies[:2]), "it is told of the first sync that is in its way"
    assert [task["state"] for task in bodies[8]["tasks"]] == ["dispatched"], "what the refused one would have made is not there"
    assert bodies[10]["sync_id"] == bodies[9]["sync_id"], "the same request"
    assert fleet.value("select count(*) from syncs s where s.open_tasks <> (select count(*) from sync_members m where m.sync_id = s.sync_id)") == 0


# ---- over HTTP ----

def gathered(fleet, held, requests):
    """Posts the requests so that the producer finds them together, while another session holds a task that the first waits for."""
    with fleet.another_session() as other, other.cursor() as cursor, ThreadPoolExecutor(len(requests) + 1) as pool:
        other.autocommit = False
        cursor.execute("select from sync_tasks where connection_id = %s for update", [held])
        first = pool.submit(fleet.api, "POST", "/v1/syncs", {"provider": PROVIDER, "connection_id": held, "resources": ["contacts"]})
        fleet.wait_until(lambda: fleet.value("select exists (select from pg_locks where not granted)"), what="the first request to wait")
        asked = [pool.submit(fleet.api, "POST", "/v1/syncs", {"provider": PROVIDER, **body}) for body in requests]
        time.sleep(0.5)  # nothing tells what the producer has read; a split batch shows in the assertions
        other.commit()
        assert first.result().status == 202
        return [answer.result() for answer in asked]


def transactions(fleet, answers):
    return fleet.value("select count(distinct xmin::text) from syncs where sync_id = any (%s::uuid[])",
                       [answer.body["sync_id"] for answer in answers if answer.status == 202])


def test_requests_of_one_transaction(fleet, world):
    free = [connection.id for connection in fleet.tenant.connections(["f0", "f1"])]
    fleet.start_producer()
    answers = gathered(fleet, world[1], [
        {"connection_id": free[0], "resources": ["contacts"]}, {"connection_id": free[0], "resources": ["contacts"]},
        {"connection_id": world[2]}, {"connection_id": free[1]}, {"connection_id": world[3]},
        {"connection_id": world[1], "resources": ["contacts"], "on_conflict": "reject"}])
    assert [answer.status for answer in answers] == [202, 202, 409, 202, 404, 409]
    assert answers[2].body["code"] == "connection_reauthorize" and answers[5].body["code"] == "sync_in_progress"
    assert answers[0].body["sync_id"] != answers[1].body["sync_id"]
    assert [task["task_id"] for task in answers[0].body["tasks"]] == [task["task_id"] for task in answers[1].body["tasks"]]
    assert len(answers[3].body["tasks"]) == 3 and answers[3].body["connection_id"] == free[1]
    assert transactions(fleet, answers) == 1


def test_one_of_a_transaction_fails(fleet, world):
    free = [connection.id for connection in fleet.tenant.connections(["f0", "f1", "f2", "f3"])]
    fleet.sql("""create function refuse() returns trigger language plpgsql as $$
        begin
            raise numeric_value_out_of_range;
        end $$""")
    fleet.sql(f"create trigger refuse before insert on sync_tasks for each row when (new.connection_id = '{free[1]}') execute function refuse()")
    fleet.start_producer()
    answers = gathered(fleet, world[1], [{"connection_id": connection} for connection in [*free, world[2]]])
    assert [answer.status for answer in answers] == [202, 422, 202, 202, 409]
    assert [answer.body["connection_id"] for answer in answers if answer.status == 202] == [free[0], free[2], free[3]]
    assert transactions(fleet, answers) == 3, "each again, alone"
    assert fleet.value("select count(*) from syncs where connection_id = %s", free[1]) == 0
