# SPDX-License-Identifier: Apache-2.0
"""Failed tasks over HTTP: their list, their groups, the evidence of one, and their replay or discard, once each."""
import threading
import uuid

import pytest

from harness.faithful import assert_faithful
from harness.letters import dead_letters

RECORDS = {"contacts": 100}


def fail_once(fleet, connections, **options):
    """Each connection's next sync of contacts fails, and the simulator is well again. Returns the failed tasks."""
    for connection in connections:
        fleet.simulator.dial(connection.account, "server_error", **{"status": 404, **options})
    syncs = [fleet.sync(connection, ["contacts"], mode="full") for connection in connections]
    for sync in syncs:
        fleet.wait_for_sync(sync, state="failed")
    return fleet.tasks(*syncs)


def connect(fleet, count, prefix="acct-", tenant=None):
    return (tenant or fleet.tenant).connections(fleet.simulator.accounts(prefix, count, records=RECORDS))


def listed(fleet, key=None, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = fleet.api("GET", "/v1/dead-letters" + (f"?{query}" if query else ""), key=key)
    assert answer.status == 200, answer
    return answer.body["dead_letters"]


def post(fleet, verb, body=None, key=None):
    answer = fleet.api("POST", f"/v1/dead-letters/{verb}", body or {}, key=key)
    assert answer.status in (200, 202), answer
    return answer.body


def audited(fleet, action):
    return fleet.sql("select * from audit_logs where action = %s order by audit_id", action)


def test_what_failed_is_listed_with_its_evidence(fleet):
    fleet.start()
    connections = connect(fleet, 3)
    tasks = {task["task_id"]: task for task in fail_once(fleet, connections[:2])}
    (gone,) = fail_once(fleet, connections[2:], status=422)

    letters = listed(fleet)
    assert letters[0]["task_id"] == gone["task_id"] and {letter["task_id"] for letter in letters[1:]} == set(tasks)
    for letter in letters[1:]:
        task = tasks[letter["task_id"]]
        assert (letter["class"], letter["message"], letter["mode"]) == ("permanent", task["error_message"], "full")
        assert (letter["connection_id"], letter["resource"], letter["attempts"]) == (task["connection_id"], "contacts", 1)
    assert [len(listed(fleet, **{name: value})) for name, value in (
        ("class", "permanent"), ("class", "cap"), ("provider", "zoho"), ("connection_id", gone["connection_id"]),
        ("resource", "contacts"), ("resource", "matters"))] == [3, 0, 0, 1, 3, 0]
    first = fleet.api("GET", "/v1/dead-letters?limit=2&provider=practicepanther")
    assert len(first.body["dead_letters"]) == 2 and 'rel="next"' in first.headers["link"]
    (last,) = listed(fleet, limit=2, cursor=first.body["next_cursor"])
    assert [*first.body["dead_letters"], last] == letters

    shown = fleet.api("GET", letters[-1]["href"]).body
    assert shown["evidence"]["response_status"] == 404 and "contacts" in shown["evidence"]["request"]
    assert "at-acct" not in str(shown) and shown["settled"] is None and shown["sync_id"] is None
    assert fleet.api("GET", f"/v1/dead-letters/{uuid.uuid4()}").body["code"] == "unknown_letter"

    groups = fleet.api("GET", "/v1/dead-letters/groups").body["groups"]
    assert [(group["tasks"], group["connections"]) for group in groups] == [(2, 2), (1, 1)]
    assert "HTTP 404" in groups[0]["message"]
    assert {letter["task_id"] for letter in listed(fleet, fingerprint=groups[0]["fingerprint"])} == set(tasks)


def test_a_replay_asks_again_once(fleet):
    fleet.start()
    connections = connect(fleet, 5)
    fail_once(fleet, connections)
    group = fleet.api("GET", "/v1/dead-letters/groups").body["groups"][0]

    replayed, syncs = 0, []
    while True:
        answer = fleet.api("POST", "/v1/dead-letters/replay", {"fingerprint": group["fingerprint"], "limit": 2})
        assert answer.status == 202
        replayed += answer.body["replayed"]
        syncs += answer.body["syncs"]
        if not answer.body["more"]:
            break
    assert replayed == 5 and {sync["connection_id"] for sync in syncs} == {connection.id for connection in connections}
    assert {(sync["mode"], *sync["resources"]) for sync in syncs} == {("full", "contacts")}
    assert fleet.api("GET", syncs[0]["href"]).body["priority"] == "backfill"
    assert_faithful(fleet, [sync["sync_id"] for sync in syncs])
    assert not listed(fleet) and len(fleet.syncs()) == 10

    again = fleet.api("POST", "/v1/dead-letters/replay", {"fingerprint": group["fingerprint"]})
    assert again.status == 200 and again.body == {"replayed": 0, "syncs": [], "more": False, "waiting": 0}
    shown = fleet.api("GET", f"/v1/dead-letters/{group['latest_task_id']}").body
    assert (shown["settled"], shown["settled_by"]) == ("replayed", "service")
    assert shown["sync_id"] in {sync["sync_id"] for sync in syncs}
    audit = audited(fleet, "DEAD_LETTERS_REPLAYED")
    assert [row["details"]["tasks"] for row in audit] == [2, 2, 1] and audit[0]["tenant_id"] == fleet.tenant.id
    assert sorted(sum((row["details"]["syncs"] for row in audit), [])) == sorted(sync["sync_id"] for sync in syncs)
    assert len(dead_letters(fleet)) == 5  # of the first time only


def test_two_replays_at_once_have_one_effect(fleet):
    """The second one waits for the first, and finds nothing left, also while both are transactions of their own."""
    fleet.start()
    fail_once(fleet, connect(fleet, 3))
    replay = "select replay_dead_letters(false, row(null, null, null, null, null, null)::letter_filter, 100, %s, null)"
    said = []

    def second():
        session = fleet.another_session()
        with session.cursor() as cursor:
            cursor.execute(replay, ("second",))
            said.append(cursor.fetchone()["replay_dead_letters"])
        session.close()

    first = fleet.another_session()
    first.autocommit = False
    with first.cursor() as cursor:
        cursor.execute(replay, ("first",))
        assert cursor.fetchone()["replay_dead_letters"]["replayed"] == 3
        thread = threading.Thread(target=second)
        thread.start()
        fleet.wait_until(lambda: fleet.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' "
                                             "and query like '%%second%%'"), what="the second to wait for the first")
    first.commit()
    thread.join()
    first.close()
    assert [answer["replayed"] for answer in said] == [0]
    assert fleet.value("select count(*) from syncs") == 6
    assert {row["settled_by"] for row in fleet.sql("select settled_by from dead_letters")} == {"first"}
    fleet.wait_for_rest()


def test_what_is_discarded_says_who_when_and_why(fleet):
    fleet.start()
    tasks = fail_once(fleet, connect(fleet, 3))
    refused = fleet.api("POST", "/v1/dead-letters/discard", {"ids": [tasks[0]["task_id"]]})
    assert (refused.status, refused.body["code"]) == (422, "missing_field")
    body = {"reason": "the accounts are closed", "ids": [task["task_id"] for task in tasks[:2]]}
    assert post(fleet, "discard", body) == {"discarded": 2, "more": False}
    assert post(fleet, "discard", body) == {"discarded": 0, "more": False}
    assert [letter["task_id"] for letter in listed(fleet)] == [tasks[2]["task_id"]]
    assert post(fleet, "replay", {"ids": body["ids"]})["replayed"] == 0
    shown = fleet.api("GET", f"/v1/dead-letters/{tasks[0]['task_id']}").body
    assert (shown["settled"], shown["settled_reason"], shown["settled_by"]) == ("discarded", body["reason"], "service")
    (row,) = audited(fleet, "DEAD_LETTERS_DISCARDED")
    assert row["details"]["reason"] == body["reason"] and sorted(row["details"]["ids"]) == sorted(body["ids"])
    assert (row["details"]["tasks"], row["tenant_id"], row["actor"]) == (2, fleet.tenant.id, "service")
    assert post(fleet, "discard", {"reason": "the rest", "class": "permanent"}) == {"discarded": 1, "more": False}


def test_letters_are_their_tenants_and_the_operators(fleet):
    fleet.start()
    other = fleet.new_tenant("other")
    (mine,) = fail_once(fleet, connect(fleet, 1))
    (theirs,) = fail_once(fleet, connect(fleet, 1, "their-", other))
    reader = fleet.ctl.key("first", rights="read")
    operator = fleet.ctl.key("first", rights="read,sync,operate")
    assert [letter["task_id"] for letter in listed(fleet, key=reader)] == [mine["task_id"]]
    assert [letter["task_id"] for letter in listed(fleet, key=other.key)] == [theirs["task_id"]]
    assert {letter["tenant_id"] for letter in listed(fleet, key=operator)} == {fleet.tenant.id, other.id}
    assert fleet.api("GET", f"/v1/dead-letters/{theirs['task_id']}").status == 404
    for verb, body in (("replay", {}), ("discard", {"reason": "not mine"})):
        refused = fleet.api("POST", f"/v1/dead-letters/{verb}", body, key=reader)
        assert (refused.status, refused.body["code"]) == (403, "missing_right")
        assert post(fleet, verb, {**body, "ids": [theirs["task_id"]]}) in (
            {"replayed": 0, "syncs": [], "more": False, "waiting": 0}, {"discarded": 0, "more": False})
    answer = post(fleet, "replay", key=operator)
    assert answer["replayed"] == 2
    owners = fleet.sql("select tenant_id from syncs where sync_id = any(%s::uuid[])", [s["sync_id"] for s in answer["syncs"]])
    assert {row["tenant_id"] for row in owners} == {fleet.tenant.id, other.id}
    assert {row["tenant_id"] for row in audited(fleet, "DEAD_LETTERS_REPLAYED")} == {fleet.tenant.id, other.id}
    for sync in answer["syncs"]:
        fleet.wait_for_sync(sync["sync_id"], state="completed")


def test_an_account_that_must_be_authorised_again_waits(fleet):
    """Its failed tasks are no dead letters, and letters of before are not replayed until it is connected again."""
    fleet.start()
    good, bad = connect(fleet, 2)
    (before,) = fail_once(fleet, [bad])
    fail_once(fleet, [good])
    fleet.simulator.dial(bad.account, "unauthorized", resource="token", times=-1)
    fleet.simulator.dial(bad.account, "expire_token")
    sync = fleet.sync(bad, ["contacts"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "auth" and task["task_id"] not in {letter["task_id"] for letter in listed(fleet)}
    assert fleet.api("GET", f"/v1/dead-letters/{task['task_id']}").status == 404
    answer = post(fleet, "replay")
    assert (answer["replayed"], answer["waiting"], answer["more"]) == (1, 1, False)
    assert [letter["task_id"] for letter in listed(fleet)] == [before["task_id"]]
    fleet.wait_for_sync(answer["syncs"][0]["sync_id"], state="completed")


MASKED = {
    "HTTP 404: the requested resource was not found": "HTTP 404: the requested resource was not found",
    "HTTP 500 after 17 tries of page 3": "HTTP 500 after * tries of page *",
    "record 0190aaaa-0000-7000-8000-000000000001 of acct-7": "record * of *",
    'column "email" is too long: 300 > 255': 'column "email" is too long: * > *',
    "no digits at all": "no digits at all",
}


def test_messages_that_differ_in_numbers_and_ids_are_one_group(fleet):
    for message, masked in MASKED.items():
        assert fleet.value("select mask_message(%s)", message) == masked


@pytest.mark.parametrize("days, left", [(29, 1), (31, 0)])
def test_what_is_old_is_forgotten_by_the_clock(fleet, days, left):
    """Evidence, and letters that are settled; one that nobody has dealt with stays. Syncs have their own time."""
    fleet.start()
    tasks = fail_once(fleet, connect(fleet, 2))
    post(fleet, "discard", {"reason": "old", "ids": [tasks[0]["task_id"]]})
    fleet.producer.stop()
    fleet.sql("update task_evidence set last_failed_at = now() - %s * interval '1 day'", days)
    fleet.sql("update dead_letters set settled_at = settled_at - %s * interval '1 day', failed_at = now() - interval '99 days'", days)
    fleet.sql("insert into rate_budgets (budget, provider, name, kind, used_at) values ('zoho.x', 'zoho', 'x', 'rate', "
              "now() - %s * interval '1 day')", days)
    old = fleet.value("insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, open_tasks, state, ended_at) "
                      "select '00000000-0000-7000-8000-000000000001', tenant_id, connection_id, provider, 'full', 'http', 0, "
                      "'failed', now() - interval '91 days' from syncs limit 1 returning sync_id")
    fleet.sql("insert into sync_members select %s, task_id from sync_tasks", old)
    fleet.start_producer()
    fleet.wait_until(lambda: not fleet.value("select count(*) from syncs where sync_id = %s", old), what="the clock to forget")
    assert fleet.value("select count(*) from task_evidence") == 2 * left
    assert fleet.value("select count(*) from rate_budgets where budget = 'zoho.x'") == left
    assert [row["settled"] for row in fleet.sql("select settled from dead_letters order by settled")] == \
        (["discarded", None] if left else [None])
    assert len(fleet.syncs()) == 2 and len(fleet.tasks()) == 2  # they have these syncs, too
