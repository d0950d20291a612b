# SPDX-License-Identifier: Apache-2.0
"""Zoho's sync and authentication parts as its users know them, from the first line of their page to the last."""
import re
import shutil

import pytest

from harness.faithful import assert_faithful
from harness.fleet import PROVIDERS, USERS

STANDARD = ["leads", "contacts", "accounts", "deals", "tasks", "events", "calls", "products", "vendors", "price_books", "quotes",
            "sales_orders", "purchase_orders", "invoices", "campaigns", "cases", "solutions", "notes"]
RECORDS = {module: 5 + 3 * n for n, module in enumerate(STANDARD)}
SECOND = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def connect(fleet, account="org-1", **settings):
    return fleet.connection(account, "zoho", **{"records": RECORDS, **settings})


def success(answer, status=200):
    """The data of the standard success response."""
    assert answer.status == status, answer.body
    assert list(answer.body) == ["success", "message", "data", "timestamp"]
    assert answer.body["success"] is True and answer.body["message"] and re.fullmatch(SECOND, answer.body["timestamp"])
    return answer.body["data"]


def refusal(answer, status):
    """The errors of the standard error response."""
    assert answer.status == status, answer.body
    assert list(answer.body)[:3] == ["success", "message", "errors"] and re.fullmatch(SECOND, answer.body["timestamp"])
    assert answer.body["success"] is False and answer.body["message"]
    assert all(set(error) == {"field", "message"} for error in answer.body["errors"])
    return [error["field"] for error in answer.body["errors"]]


def progress(session):
    """The progress tracking response."""
    assert list(session)[:4] == ["session_id", "status", "progress", "metrics"]
    assert list(session["progress"]) == ["completed", "total", "percentage"]
    assert list(session["metrics"]) == ["records_per_second", "estimated_completion"]
    assert session["status"] in ("in_progress", "completed", "failed", "cancelled")
    return session


def session(fleet, session_id):
    answer = fleet.api("GET", f"/api/sync/status/{session_id}")
    assert answer.status == 200
    return progress(answer.body)


def ended(fleet, session_id):
    return fleet.wait_until(lambda: (told := session(fleet, session_id))["status"] != "in_progress" and told, what="the session's end")


def test_sync_as_its_page_tells_it(fleet):
    fleet.start()
    connection = connect(fleet)

    # POST /sync/validate: configuration and prerequisites
    checked = success(fleet.api("POST", "/api/sync/validate", {}))
    assert checked["valid"] is True and checked["connection_id"] == connection.id
    assert {check["status"] for check in checked["checks"]} == {"passed"} and len(checked["checks"]) == 2 + len(STANDARD)

    # POST /sync/full: everything
    started = fleet.api("POST", "/api/sync/full", {})
    data = success(started, 202)
    assert started.headers["location"] == f"/api/sync/status/{data['session_id']}"
    assert (data["status"], data["sync_type"], data["connection_id"]) == ("in_progress", "full", connection.id)
    full = ended(fleet, data["session_id"])
    assert_faithful(fleet, [data["session_id"]])
    total = sum(RECORDS.values())
    assert (full["status"], full["progress"]) == ("completed", {"completed": total, "total": total, "percentage": 100.0})
    assert full["metrics"]["records_per_second"] > 0 and full["metrics"]["estimated_completion"] is None
    assert {module["module"]: module["created"] for module in full["modules"]} == RECORDS and full["errors"] == []

    # POST /sync/incremental: recent changes only
    fleet.simulator.account(connection.account, version=2, changed_share=0.2)
    told = ended(fleet, success(fleet.api("POST", "/api/sync/incremental", {"modules": ["Leads", "Notes"]}), 202)["session_id"])
    assert (told["sync_type"], [module["module"] for module in told["modules"]]) == ("incremental", ["leads", "notes"])
    assert {module["module"]: module["updated"] for module in told["modules"]} == {"leads": 1, "notes": 12}

    # POST /sync/manual: given records, answered when they are there
    ids = [row["id"] for row in fleet.rows(connection.id, "zoho", "deals")][:3]
    fleet.simulator.account(connection.account, version=3, changed_share=1)
    manual = success(fleet.api("POST", "/api/sync/manual", {"module": "Deals", "record_ids": ids + ["1"], "force": True}))
    assert (manual["status"], manual["sync_type"], manual["progress"]["completed"]) == ("completed", "manual", 3)
    assert [(module["module"], module["updated"]) for module in manual["modules"]] == [("deals", 3)]
    changed = {row["id"] for row in fleet.rows(connection.id, "zoho", "deals") if "rev-- 0003" in str(row["payload"])}
    assert changed == set(ids)

    # GET /sync/status/current: what is going on, and recent sessions
    current = success(fleet.api("GET", "/api/sync/status/current"))
    assert current["is_syncing"] is False and current["current_sessions"] == [] and re.fullmatch(SECOND, current["last_completed_at"])
    assert [progress(one)["sync_type"] for one in current["recent_sessions"]] == ["manual", "incremental", "full"]

    # GET /sync/health
    def measured():
        told = fleet.api("GET", "/api/sync/health").body
        return told if told["metrics"]["avg_response_time_ms"] is not None else None
    health = fleet.wait_until(measured, what="a heartbeat that tells of answers")
    assert health["overall_health"] == "healthy"
    assert health["components"] == {"api_connectivity": "healthy", "token_status": "healthy", "sync_performance": "healthy"}
    assert list(health["metrics"]) == ["success_rate", "avg_response_time_ms"] and health["metrics"]["success_rate"] == 1
    assert 0 <= health["metrics"]["avg_response_time_ms"] < 1000
    syncs = [row["sync_id"] for row in fleet.sql("select sync_id from syncs where mode <> 'records'")]
    fleet.wait_for_events([str(sync) for sync in syncs])


def test_a_session_is_cancelled(fleet):
    fleet.start()
    connection = connect(fleet, latency_ms=300, records={"leads": 5000})
    started = success(fleet.api("POST", "/api/sync/full", {"modules": ["leads"], "connection_id": connection.id}), 202)["session_id"]
    fleet.wait_until(lambda: session(fleet, started)["progress"]["completed"] > 0, what="its first page")
    current = success(fleet.api("GET", "/api/sync/status/current"))
    assert current["is_syncing"] is True and [one["session_id"] for one in current["current_sessions"]] == [started]
    told = success(fleet.api("DELETE", f"/api/sync/session/{started}"))
    assert (told["session_id"], told["status"]) == (started, "cancelled")
    assert session(fleet, started)["status"] == "cancelled"
    for unknown in ("current2", "0190aaaa-0000-7000-8000-000000000000", "x" * 1000):
        refusal(fleet.api("GET", f"/api/sync/status/{unknown}"), 404)
        refusal(fleet.api("DELETE", f"/api/sync/session/{unknown}"), 404)


def test_given_records_beside_a_long_sync(fleet):
    """They wait for nobody; what is no id, or nobody's, is said or passed over; watermarks stay."""
    fleet.start()
    connection = connect(fleet, records={"leads": 400})
    assert_faithful(fleet, [fleet.sync(connection, ["leads"])])
    before = fleet.sql("select * from resource_states")
    ids = [row["id"] for row in fleet.rows(connection.id, "zoho", "leads")][:2]
    fleet.simulator.account(connection.account, records={"leads": 400}, removed={"leads": [0]}, version=2, changed_share=1)
    fleet.simulator.dial(connection.account, "latency", resource="leads", ms=4000)
    long = fleet.sync(connection, ["leads"], mode="full")
    fleet.wait_until(lambda: any(task["state"] == "running" for task in fleet.tasks(long)), what="the long sync")
    told = success(fleet.api("POST", "/api/sync/manual", {"module": "Leads", "record_ids": ids}))
    assert (told["status"], told["modules"][0]["updated"]) == ("completed", 1), told  # the other one is gone at Zoho
    assert fleet.sql("select deleted_at from zoho_leads where id = %s", ids[0])[0]["deleted_at"] is None
    assert [row["watermark"] for row in fleet.sql("select * from resource_states")] == [row["watermark"] for row in before]
    assert session(fleet, long)["status"] == "in_progress"
    assert refusal(fleet.api("POST", "/api/sync/manual", {"record_ids": ids}), 422) == ["module"]
    assert refusal(fleet.api("POST", "/api/sync/manual", {"module": "Leads", "record_ids": ["x"]}), 422) == ["record_ids"]
    assert refusal(fleet.api("POST", "/api/sync/manual", {"module": "Nothing"}), 422) == ["module"]
    fleet.wait_for_sync(long, state="completed")


def test_what_runs_is_told_however_much_is_newer(fleet):
    fleet.start()
    connection = connect(fleet, records={"leads": 400, "vendors": 10})
    assert_faithful(fleet, [fleet.sync(connection, ["vendors"])])
    ids = [row["id"] for row in fleet.rows(connection.id, "zoho", "vendors")]
    fleet.simulator.dial(connection.account, "latency", resource="leads", ms=4000)

    def current():
        return success(fleet.api("GET", "/api/sync/status/current?limit=1"))
    long = success(fleet.api("POST", "/api/sync/full", {"modules": ["Leads"]}), 202)["session_id"]
    newer = success(fleet.api("POST", "/api/sync/manual", {"module": "Vendors", "record_ids": ids[:2]}))
    told = current()
    assert told["is_syncing"] is True and [one["session_id"] for one in told["current_sessions"]] == [long]
    assert [one["session_id"] for one in told["recent_sessions"]] == [newer["session_id"]]
    last = success(fleet.api("POST", "/api/sync/full", {"modules": ["Leads"]}), 202)["session_id"]
    assert [one["session_id"] for one in current()["current_sessions"]] == [last, long]
    for running in (long, last):
        success(fleet.api("DELETE", f"/api/sync/session/{running}"))
    told = current()
    assert told["is_syncing"] is False and [one["session_id"] for one in told["recent_sessions"]] == [last]
    assert told["last_completed_at"] == newer["completed_at"]
    fleet.sql("insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, state, open_tasks, ended_at) "
              "select uuid_v7(), tenant_id, connection_id, provider, mode, source, 'failed', 0, now() "
              "from syncs cross join generate_series(1, 150) where sync_id = %s", newer["session_id"])
    assert current()["last_completed_at"] == newer["completed_at"]


def test_health_of_what_nobody_measured(fleet):
    fleet.start_producer()
    unknown = {"api_connectivity": "unknown", "token_status": "unknown", "sync_performance": "unknown"}
    nothing = {"success_rate": None, "avg_response_time_ms": None}
    assert fleet.api("GET", "/api/sync/health").body == {"overall_health": "unknown", "components": unknown, "metrics": nothing}
    connection = connect(fleet)
    assert fleet.api("GET", "/api/sync/health").body == {
        "overall_health": "healthy", "components": unknown | {"token_status": "healthy"}, "metrics": nothing}
    fleet.sql("""insert into breakers (provider, open_until, reason, probes, round_ms)
        values ('zoho', now() + interval '1 hour', 'outage', 1, 1000)""")
    told = fleet.api("GET", f"/api/sync/health?connection_id={connection.id}").body
    assert (told["components"]["api_connectivity"], told["overall_health"]) == ("unhealthy", "unhealthy")


def test_a_batch_that_takes_longer_is_followed(fleet):
    fleet.start_producer(asks__wait_ms=300)
    fleet.start_worker()
    connection = connect(fleet, records={"deals": 30})
    assert_faithful(fleet, [fleet.sync(connection, ["deals"])])
    ids = [row["id"] for row in fleet.rows(connection.id, "zoho", "deals")]
    fleet.simulator.account(connection.account, latency_ms=1500)
    told = success(fleet.api("POST", "/api/sync/manual", {"module": "Deals", "record_ids": ids}), 202)
    assert told["status"] == "in_progress" and told["progress"]["total"] == 30
    assert ended(fleet, told["session_id"])["progress"] == {"completed": 30, "total": 30, "percentage": 100.0}


def test_authentication_as_its_page_tells_it(fleet):
    fleet.start()
    connection = connect(fleet)

    def get(path, **query):
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return fleet.api("GET", f"/api/auth/{path}{'?' + text if text else ''}")

    valid = success(get("validate"))
    assert valid["valid"] is True and valid["token"]["status"] == "valid" and valid["user"]["full_name"] == "Patricia Boyle"

    version = valid["token"]["version"]
    refreshed = success(fleet.api("POST", "/api/auth/refresh", {}))
    assert refreshed["token"]["version"] == version + 1 and re.fullmatch(SECOND, refreshed["token"]["expires_at"])

    permissions = success(get("permissions"))
    assert permissions["has_required_permissions"] is True and permissions["missing_permissions"] == []
    assert permissions["profile"]["name"] == "Administrator" and permissions["modules"]["leads"] == {"view": True}

    organization = success(get("organization"))["organization"]
    assert (organization["company_name"], organization["iso_code"]) == (f"Organisation {connection.account}", "USD")

    modules = {module["api_name"]: module for module in success(get("modules"))["modules"]}
    assert [modules[name]["synced"] for name in ("Leads", "Price_Books", "Projects")] == [True, True, False]
    assert modules["Projects"]["generated_type"] == "custom"

    metadata = success(get("fields/metadata", module="Deals"))
    fields = {field["api_name"]: field for field in metadata["fields"]}
    assert metadata["module"] == "Deals" and metadata["count"] == len(fields)
    assert fields["Deal_Name"]["validation_rules"] == {"required": True, "read_only": False, "unique": False, "max_length": 255,
                                                       "decimal_places": None, "allowed_values": None}
    assert fields["Stage"]["validation_rules"]["allowed_values"] == ["-None-", "In Progress"]

    wanted = [{"field_label": "Pulse Score", "data_type": "integer"}, {"field_label": "Pulse Phase", "data_type": "text", "length": 50}]
    missing = success(get("fields/validate", module="Deals", fields="Pulse_Score,Stage"))
    assert (missing["valid"], missing["missing"]) == (False, ["Pulse_Score"])
    created = success(fleet.api("POST", "/api/auth/fields/create", {"module": "Deals", "fields": wanted}), 201)
    assert created["created"] == 2 and [field["status"] for field in created["fields"]] == ["success", "success"]
    assert success(get("fields/validate", module="Deals"))["valid"] is True
    validated = success(get("fields/validate", module="Deals", fields="Pulse_Score,Pulse_Phase"))
    assert validated["valid"] is True and {field["configured"] for field in validated["fields"]} == {True}

    again = fleet.api("POST", "/api/auth/fields/create", {"module": "Deals", "fields": [wanted[0], {"field_label": "New", "data_type": "text"}]})
    assert refusal(again, 422) == ["fields/Pulse Score"] and again.body["data"]["created"] == 1


def test_whose_organisation(fleet):
    fleet.start_producer(**USERS)
    fleet.start_worker()
    refusal(fleet.api("GET", "/api/auth/organization"), 404)
    refusal(fleet.api("POST", "/api/sync/full", {}), 404)
    first, second = connect(fleet, "org-1"), connect(fleet, "org-2")
    other = fleet.new_tenant("second")
    for method, path, body in (("GET", "/api/auth/organization", None), ("POST", "/api/sync/full", {}), ("POST", "/api/sync/validate", {}),
                               ("GET", "/api/auth/modules", None), ("POST", "/api/auth/refresh", {})):
        assert refusal(fleet.api(method, path, body), 422) == ["connection_id"]
        refusal(other.api(method, path, body), 404)
    assert success(other.api("GET", "/api/sync/status/current")) == {
        "is_syncing": False, "current_sessions": [], "recent_sessions": [], "last_completed_at": None}
    nothing = other.api("GET", "/api/sync/health")
    assert nothing.status == 200 and nothing.body["components"]["token_status"] == "unknown"
    for path in ("status/current", "health"):
        assert refusal(fleet.api("GET", f"/api/sync/{path}"), 422) == ["connection_id"]
        assert fleet.api("GET", f"/api/sync/{path}?connection_id={first.id}").status == 200
        for caller, nobodys in ((fleet, "0190aaaa-0000-7000-8000-000000000000"), (other, first.id)):
            assert refusal(caller.api("GET", f"/api/sync/{path}?connection_id={nobodys}"), 404) == ["connection_id"]
    for connection in (first, second):
        told = success(fleet.api("GET", f"/api/auth/organization?connection_id={connection.id}"))
        assert told["organization"]["company_name"] == f"Organisation {connection.account}"
        refusal(other.api("GET", f"/api/auth/organization?connection_id={connection.id}"), 404)
    started = success(fleet.api("POST", "/api/sync/full", {"connection_id": second.id, "modules": ["Vendors"]}), 202)["session_id"]
    refusal(other.api("GET", f"/api/sync/status/{started}"), 404)
    refusal(other.api("DELETE", f"/api/sync/session/{started}"), 404)
    ended(fleet, started)
    refusal(fleet.api("GET", "/api/sync/health", key="sfk_" + "x" * 43), 401)


def test_what_goes_wrong_is_said(fleet):
    fleet.start()
    connection = connect(fleet, records={"leads": 3, "cases": 3}, zoho={"hidden": "cases"})
    checked = success(fleet.api("POST", "/api/sync/validate", {"modules": ["Leads", "Cases"]}))
    assert checked["valid"] is False
    assert [(check["name"], check["status"]) for check in checked["checks"]][2:] == [("module Cases", "failed"), ("module Leads", "passed")]
    assert success(fleet.api("GET", "/api/auth/permissions"))["missing_permissions"] == ["view cases"]
    told = ended(fleet, success(fleet.api("POST", "/api/sync/full", {"modules": ["Leads", "Cases"]}), 202)["session_id"])
    assert told["status"] == "failed" and [error["field"] for error in told["errors"]] == ["cases"]
    assert {module["module"]: module["status"] for module in told["modules"]} == {"cases": "failed", "leads": "completed"}
    health = fleet.api("GET", "/api/sync/health").body
    assert (health["metrics"]["success_rate"], health["components"]["sync_performance"], health["overall_health"]) == (0.5, "degraded", "degraded")

    assert refusal(fleet.api("POST", "/api/sync/full", {"modules": ["Nothing"]}), 422) == ["modules"]
    assert refusal(fleet.api("GET", "/api/auth/fields/metadata?module=../org"), 422) == ["module"]
    unknown = fleet.api("GET", "/api/auth/fields/metadata?module=Nothing")
    assert refusal(unknown, 422) == [] and "INVALID_MODULE" in unknown.body["message"]
    fleet.simulator.dial(connection.account, "throttle", resource="settings")
    refusal(fleet.api("GET", "/api/auth/modules"), 503)
    fleet.simulator.dial(connection.account, "server_error", resource="settings")
    refusal(fleet.api("GET", "/api/auth/modules"), 502)

    fleet.simulator.account(connection.account, zoho={"revoked": True})
    refusal(fleet.api("POST", "/api/auth/refresh", {}), 409)
    invalid = success(fleet.api("GET", "/api/auth/validate"))
    assert invalid["valid"] is False and invalid["token"]["status"] == "reauthorize" and invalid["user"] is None
    assert success(fleet.api("POST", "/api/sync/validate", {}))["valid"] is False
    refusal(fleet.api("GET", "/api/auth/organization"), 409)
    health = fleet.api("GET", "/api/sync/health").body
    assert (health["components"]["token_status"], health["overall_health"]) == ("unhealthy", "unhealthy")


def test_nobody_answers_in_time(fleet):
    fleet.start_producer(asks__wait_ms=200)
    connect(fleet)
    refusal(fleet.api("GET", "/api/auth/organization"), 504)
    refusal(fleet.api("POST", "/api/sync/validate", {}), 504)


# --- modules of an organisation's own ---

MODULES = """modules = ( { module = "Projects"; columns = ( { name = "budget"; path = "Budget"; type = "numeric"; },
  { name = "started_on"; path = "Started_On"; type = "date"; } ); } );"""


def test_a_module_of_its_own_by_configuration(fleet, tmp_path):
    """A file beside the declaration and one call: nothing is built. What the records have is found before the walk."""
    shutil.copy(PROVIDERS / "zoho.cfg", tmp_path)
    (tmp_path / "zoho.modules").write_text(MODULES)
    fleet.sql("call zoho_module('Projects', 'budget numeric, started_on date')")
    fleet.sql("call zoho_module('projects', 'budget numeric')")
    fleet.start_producer(providers__dir=tmp_path)
    fleet.start_worker(providers__dir=tmp_path)
    connection = connect(fleet, records={"projects": 230})
    told = ended(fleet, success(fleet.api("POST", "/api/sync/full", {"modules": ["Projects"]}), 202)["session_id"])
    assert (told["status"], told["progress"]["completed"]) == ("completed", 230), told
    rows = fleet.sql("select * from zoho_projects order by id")
    for row in rows:
        payload = row["payload"]
        assert (row["name"], row["owner_id"]) == (payload["Name"], payload["Owner"]["id"])
        assert (row["budget"] is None) == (payload["Budget"] is None) and {"Stage", "Billable", "Hours_Spent", "Summary", "Account"} <= set(payload)
        assert row["budget"] is None or float(row["budget"]) == payload["Budget"]
    log = fleet.simulator.log(connection.account)
    asked = [entry["query"] for entry in log if entry["path"] == "/crm/v8/Projects"]
    assert len(asked) == 2 and all(query.startswith("fields=Name%2COwner%2CCreated_By%2C") and "Hours_Spent" in query for query in asked)
    assert [entry["query"] for entry in log if entry["path"] == "/crm/v8/settings/fields"] == ["module=Projects"]

    fleet.simulator.account(connection.account, version=2, changed_share=0.1, removed={"projects": [7]})
    told = ended(fleet, success(fleet.api("POST", "/api/sync/incremental", {"modules": ["Projects"]}), 202)["session_id"])
    (module,) = told["modules"]
    assert (module["updated"], module["deleted"]) == (23, 1), told
    ids = [row["id"] for row in rows[10:12]]
    fleet.simulator.account(connection.account, version=3, changed_share=1)
    manual = success(fleet.api("POST", "/api/sync/manual", {"module": "Projects", "record_ids": ids}))
    assert (manual["status"], manual["modules"][0]["updated"]) == ("completed", 2), manual
    assert all("Hours_Spent" in row["payload"] for row in fleet.sql("select payload from zoho_projects where id = any (%s)", ids))
    modules = {one["api_name"]: one["synced"] for one in success(fleet.api("GET", "/api/auth/modules"))["modules"]}
    assert modules["Projects"] is True


@pytest.mark.parametrize("body,fields", [
    ({"modules": []}, ["modules"]), ({"modules": "Leads"}, ["modules"]), ({"record_ids": ["1"] * 101, "module": "Leads"}, ["record_ids"]),
    ({"force": "yes"}, ["force"]), ({"connection_id": "x"}, ["connection_id"]), ({"whatever": 1}, ["whatever"])])
def test_refused_bodies(fleet, body, fields):
    fleet.start_producer()
    assert refusal(fleet.api("POST", "/api/sync/manual", body), 422) == fields
