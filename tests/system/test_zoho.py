# SPDX-License-Identifier: Apache-2.0
"""Zoho CRM: its four modules, page tokens and what is beyond their cap, its feed, its token endpoint and its times."""
import re
from datetime import datetime

import pytest

from harness.faithful import assert_faithful
from harness.fleet import PRODUCER_SOON, WORKER_SOON

MODULES = ["leads", "contacts", "accounts", "deals"]
RECORDS = {"leads": 450, "contacts": 230, "accounts": 200, "deals": 0}


def connect(fleet, account="org-1", **settings):
    return fleet.connection(account, "zoho", **{"records": RECORDS, **settings})


def asked(fleet, pattern, account=None):
    """The data calls whose path fits."""
    return [entry for entry in fleet.simulator.log(account) if re.fullmatch(pattern, entry["path"])]


def end_of(events, sync):
    (end,) = [event for event in events if event["sync_id"] == sync]
    return end


def grants(fleet, account=None):
    return asked(fleet, "/oauth/v2/token", account)


def expire(fleet, connection):
    fleet.sql("update connections set token_expires_at = now() - interval '1 second' where connection_id = %s", connection.id)


def settings_of(fleet, connection):
    return fleet.value("select settings from connections where connection_id = %s", connection.id)


# --- records ---

def test_all_modules_in_full_and_then_what_changed(fleet):
    fleet.start()
    connection = connect(fleet)
    events = assert_faithful(fleet, [fleet.sync(connection)])
    assert {event["resource"]: event["records_inserted"] for event in events if event["resource"] in RECORDS} == RECORDS
    assert {entry["status"] for entry in asked(fleet, "/crm/v8/Deals")} == {204}
    assert not asked(fleet, "/crm/v8/.*/deleted")  # nothing was there before

    fleet.simulator.account(connection.account, version=2, changed_share=0.1)
    sync = fleet.sync(connection, ["leads", "contacts"], mode="incremental")
    events = assert_faithful(fleet, [sync])
    end = end_of(events, sync)
    assert (end["records_updated"], end["records_inserted"], end["records_unchanged"]) == (45 + 23, 0, 0)
    assert len(asked(fleet, "/crm/v8/Leads/deleted")) == 1

    fleet.wait_until(lambda: fleet.value("select now() > max(watermark) from resource_states"))
    sync = fleet.sync(connection, ["accounts", "deals"], mode="incremental")
    events = assert_faithful(fleet, [sync])
    assert asked(fleet, "/crm/v8/Deals")[-1]["status"] == 304


def test_ids_and_times_are_exact(fleet):
    """Ids have 19 digits, more than a double holds; times come with the organisation's offset."""
    fleet.start()
    for number, offset in enumerate(["+05:30", "-07:00", "+02:00", "+00:00"]):
        hours, minutes = int(offset[:3]), int(offset[0] + offset[4:])
        connection = connect(fleet, f"org-{number}", records={"leads": 120, "deals": 80},
                             zoho={"utc_offset": hours * 3600 + minutes * 60})
        assert_faithful(fleet, [fleet.sync(connection, ["leads", "deals"])])
        rows = fleet.rows(connection.id, "zoho", "leads")
        assert [row["id"] for row in rows] == [row["payload"]["id"] for row in rows]
        assert {len(row["id"]) for row in rows} == {19} and len({float(row["id"]) for row in rows}) < len(rows)
        for row in rows:
            assert row["payload"]["Created_Time"].endswith(offset)
            for column, field in (("created_time", "Created_Time"), ("modified_time", "Modified_Time")):
                assert row[column] == datetime.fromisoformat(row["payload"][field])
        for row in fleet.rows(connection.id, "zoho", "deals"):
            assert_columns(row)


def assert_columns(row):
    payload = row["payload"]
    assert row["owner_id"] == payload["Owner"]["id"] and row["owner_name"] == payload["Owner"]["name"]
    assert row["account_id"] == (payload.get("Account_Name") or {}).get("id")
    assert (row["amount"] is None) == (payload.get("Amount") is None)
    assert row["amount"] is None or float(row["amount"]) == payload["Amount"]
    assert str(row["closing_date"]) == str(payload.get("Closing_Date"))
    assert row["pipeline"] == payload["Pipeline"] and row["tag"] == payload["Tag"]


def test_a_converted_lead_stays(fleet):
    fleet.start()
    connection = connect(fleet, records={"leads": 200})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
    converted = fleet.value("select count(*) from zoho_leads where converted and converted_account_id is not null")
    assert 0 < converted < 100


# --- beyond the cap ---

def test_what_is_beyond_the_cap_comes_by_id(fleet):
    fleet.start()
    connection = connect(fleet, records={"leads": 1050}, zoho={"token_cap": 600})
    sync = fleet.sync(connection, ["leads"])
    end = end_of(assert_faithful(fleet, [sync]), sync)
    assert end["records_inserted"] == 1050
    assert_beyond(fleet, capped=1, keys=6)

    sync = fleet.sync(connection, ["leads"], mode="full")  # what came by id is what came by page
    end = end_of(assert_faithful(fleet, [sync]), sync)
    assert (end["records_unchanged"], end["records_updated"]) == (1050, 0)

    fleet.simulator.account(connection.account, version=2, changed_share=1)
    sync = fleet.sync(connection, ["leads"], mode="incremental")
    end = end_of(assert_faithful(fleet, [sync]), sync)
    assert end["records_updated"] == 1050
    assert_beyond(fleet, capped=3, keys=18)


def assert_beyond(fleet, capped, keys):
    """The last answer of COQL is that there are no more."""
    lists = asked(fleet, "/crm/v8/Leads")
    assert len([entry for entry in lists if entry["status"] == 400]) == capped
    queries = asked(fleet, "/crm/v8/coql")
    assert len(queries) == keys and [entry["status"] for entry in queries[-2:]] == [200, 204]
    by_keys = [entry for entry in lists if "ids=" in entry["query"]]
    assert len(by_keys) == keys - capped and {entry["status"] for entry in by_keys} == {200}


def test_a_worker_dies_beyond_the_cap(fleet):
    fleet.start_producer(**PRODUCER_SOON)
    fleet.start_worker(env=fleet.with_failpoint("fetch_after", 8), **WORKER_SOON)
    connection = connect(fleet, records={"leads": 1050}, zoho={"token_cap": 400}, latency_ms=20)
    sync = fleet.sync(connection, ["leads"])
    fleet.wait_until(lambda: not fleet.workers[0].running, what="the worker to be killed")
    fleet.start_worker(**WORKER_SOON)
    assert end_of(assert_faithful(fleet, [sync]), sync)["records_inserted"] == 1050


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_a_page_token_expires_in_the_middle(fleet, mode):
    fleet.start()
    connection = connect(fleet, records={"leads": 900})
    if mode == "incremental":
        assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
        fleet.simulator.account(connection.account, version=2, changed_share=1)
    fleet.simulator.dial(connection.account, "expired_cursor", resource="leads", after=2)
    sync = fleet.sync(connection, ["leads"], mode=mode)
    fleet.wait_for_sync(sync, state="completed")
    (task,) = fleet.tasks(sync)
    assert_rows_only(fleet, connection, "leads")
    (restart,) = [event for worker in fleet.workers for event in worker.events("walk_restarted")]
    assert restart["task_id"] == task["task_id"] and "page token has expired" in restart["reason"]


def assert_rows_only(fleet, connection, resource):
    served = fleet.simulator.rows(connection.account, resource, "zoho")
    assert [row["payload"] for row in fleet.rows(connection.id, "zoho", resource)] == served


# --- deletions ---

def removed(fleet, connection, resource):
    return {row["id"] for row in fleet.sql(f"select id from zoho_{resource} where connection_id = %s and deleted_at is not null",
                                           connection.id)}


def ids_of(fleet, connection, resource, indexes):
    rows = fleet.simulator.rows(connection.account, resource, "zoho")
    return {rows[index]["id"] for index in indexes}


@pytest.mark.parametrize("mode", ["full", "incremental"])
def test_the_feed_says_what_is_gone(fleet, mode):
    fleet.start()
    connection = connect(fleet, records={"leads": 450, "accounts": 230})
    assert_faithful(fleet, [fleet.sync(connection, ["leads", "accounts"])])
    gone = list(range(1, 450, 2))  # more than a page of the feed
    wanted = ids_of(fleet, connection, "leads", gone)
    fleet.simulator.account(connection.account, removed={"leads": gone})
    sync = fleet.sync(connection, ["leads", "accounts"], mode=mode)
    end = end_of(assert_faithful(fleet, [sync]), sync)
    assert end["records_deleted"] == len(gone)
    assert removed(fleet, connection, "leads") == wanted and not removed(fleet, connection, "accounts")
    assert [entry["status"] for entry in asked(fleet, "/crm/v8/Leads/deleted")] == [200, 200]
    assert [entry["status"] for entry in asked(fleet, "/crm/v8/Accounts/deleted")] == [304]


def test_what_is_restored_comes_back(fleet):
    """A restored record changes nothing of itself: a full walk shows it."""
    fleet.start()
    connection = connect(fleet, records={"leads": 250})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
    fleet.simulator.account(connection.account, removed={"leads": [3, 4, 200]})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
    fleet.simulator.account(connection.account, removed={"leads": [4]})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"], mode="full")])
    assert removed(fleet, connection, "leads") == ids_of_all(fleet, connection)


def ids_of_all(fleet, connection):
    """What is stored and no longer served."""
    served = {row["id"] for row in fleet.simulator.rows(connection.account, "leads", "zoho")}
    stored = {row["id"] for row in fleet.sql("select id from zoho_leads where connection_id = %s", connection.id)}
    return stored - served


def test_deletions_beyond_the_cap(fleet):
    fleet.start()
    connection = connect(fleet, records={"leads": 700}, zoho={"token_cap": 400})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
    fleet.simulator.account(connection.account, removed={"leads": [10, 650, 699]}, version=2, changed_share=0.5)
    sync = fleet.sync(connection, ["leads"])
    end = end_of(assert_faithful(fleet, [sync]), sync)
    assert end["records_deleted"] == 3
    assert removed(fleet, connection, "leads") == ids_of_all(fleet, connection)


# --- tokens ---

def test_one_refresh_for_all_modules(fleet):
    """However many tasks want one, tokens stay far below ten in ten minutes."""
    fleet.start(workers=3)
    connections = [connect(fleet, f"org-{n}", latency_ms=10, zoho={"data_centre": "eu"}) for n in range(1, 4)]
    for _ in range(3):
        for connection in connections:
            expire(fleet, connection)
        assert_faithful(fleet, [fleet.sync(connection, [module], mode="full") for connection in connections for module in MODULES])
    for connection in connections:
        assert len(grants(fleet, connection.account)) == 3
        row = fleet.sql("select * from connections where connection_id = %s", connection.id)[0]
        assert (row["token_version"], row["status"]) == (4, "active")
        assert settings_of(fleet, connection) == {"api_domain": "https://www.zohoapis.eu"}
    assert fleet.simulator.stats()["bad_refresh"] == 0


def test_an_access_token_that_is_over(fleet):
    """401 INVALID_TOKEN: one refresh, and the refresh token stays the same."""
    fleet.start()
    connection = connect(fleet)
    for _ in range(2):
        fleet.simulator.dial(connection.account, "expire_token", after=1)
        assert_faithful(fleet, [fleet.sync(connection, mode="full")])
    assert len(grants(fleet)) == 2


def test_too_many_tokens_are_waited_out(fleet):
    """The refusal comes with HTTP 200."""
    fleet.start()
    connection = connect(fleet, zoho={"tokens_max": 0})
    expire(fleet, connection)
    sync = fleet.sync(connection, ["leads"])
    def parked():
        (task,) = fleet.tasks(sync)
        return task if task["state"] == "waiting" else None
    task = fleet.wait_until(parked, what="the task to wait")
    assert "ten access tokens in ten minutes" in task["wait_reason"]
    assert fleet.value("select due_at between now() + interval '9 minutes' and now() + interval '12 minutes' from sync_tasks")
    assert len(grants(fleet)) == 1
    fleet.simulator.account(connection.account, zoho={"tokens_max": 10})
    fleet.sql("update connections set refresh_after = now()")  # ten minutes later
    fleet.sql("update sync_tasks set due_at = now()")
    assert_faithful(fleet, [sync])
    assert fleet.simulator.stats()["tokens"] == 1


def test_never_more_than_ten_tokens_in_ten_minutes(fleet):
    """Whatever Zoho says about the tokens: modules that are refused together ask for one more, not each for its own."""
    fleet.start(workers=2)
    connection = connect(fleet, latency_ms=5, expires_in=2)
    fleet.simulator.dial(connection.account, "unauthorized", after=3, times=-1)
    for _ in range(4):
        fleet.wait_for_sync(fleet.sync(connection, MODULES, mode="full"), timeout=60)
    fleet.simulator.clear_dials(connection.account)
    stats = fleet.simulator.stats()
    assert stats["tokens"] <= 10 and stats["bad_refresh"] == 0


def test_a_withdrawn_grant_asks_for_the_user(fleet):
    fleet.start()
    connection = connect(fleet, zoho={"revoked": True})
    expire(fleet, connection)
    sync = fleet.sync(connection, ["leads"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "auth" and "must be authorised again" in task["error_message"]
    assert fleet.value("select status from connections where connection_id = %s", connection.id) == "reauthorize"


def test_one_module_that_the_user_may_not_read(fleet):
    """It fails alone, and the connection stays good."""
    fleet.start()
    connection = connect(fleet)
    fleet.simulator.dial(connection.account, "forbidden", resource="accounts", times=-1)
    sync = fleet.sync(connection)
    fleet.wait_for_sync(sync, state="failed")
    states = {task["resource"]: (task["state"], task["error_class"]) for task in fleet.tasks(sync)}
    assert states.pop("accounts") == ("failed", "permanent") and set(states.values()) == {("completed", None)}
    assert fleet.value("select status from connections where connection_id = %s", connection.id) == "active"


# --- data centres ---

def test_data_centres(fleet):
    fleet.start()
    connection = connect(fleet, own={"data_centre": "eu"}, zoho={"data_centre": "eu"})
    expire(fleet, connection)
    assert_faithful(fleet, [fleet.sync(connection)])
    assert settings_of(fleet, connection) == {"data_centre": "eu", "api_domain": "https://www.zohoapis.eu"}

    lost = connect(fleet, "org-2", own={"data_centre": "mars"})
    sync = fleet.sync(lost, ["leads"])
    fleet.wait_for_sync(sync, state="failed")
    (task,) = fleet.tasks(sync)
    assert task["error_class"] == "permanent" and "${dc.api_host}" in task["error_message"]
