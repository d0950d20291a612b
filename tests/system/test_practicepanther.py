# SPDX-License-Identifier: Apache-2.0
"""PracticePanther's page "Sync Now", as its admins know it: refused without a token, connected by consent, synced, looked at,
told in the audit; and what happens when the token or the provider fails."""
import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from harness.browser import Browser
from harness.fleet import USERS

HERE = "/api/admin/pp-token"
CALLBACK = "http://localhost:5001/api/admin/pp-token/callback"
RETURN_TO = "https://app.example/admin"
ALL = {"sync_contacts": True, "sync_matters": True, "sync_tasks": True}
RECORDS = {"contacts": 25, "matters": 48, "tasks": 12}
RESULTS = {"contacts": {"synced": 25, "errors": 0}, "matters": {"synced": 48, "errors": 0}, "tasks": {"synced": 12, "errors": 0}}
NO_TOKEN = {"error": "No PP token available", "message": "Complete OAuth setup first before syncing"}


class Admin:
    """Whoever looks at the page, and his firm's account at PracticePanther."""

    def __init__(self, fleet, **settings):
        self.fleet = fleet
        fleet.start_producer(**USERS, **{
            "oauth__clients": "practicepanther=YOUR_CLIENT_ID:secret", "oauth__state_key": "a key for tests that has 32 bytes!",
            "oauth__redirect_uri": "https://fleet.example/v1/oauth/callback", "oauth__redirect_uris": f"practicepanther={CALLBACK}",
            "oauth__return_to": RETURN_TO, "outgoing__allow_plain_loopback": True, "providers__origins": fleet.simulator.origins(),
            **settings})
        fleet.simulator.account("firm", records=RECORDS)
        self.who = fleet.tenant.user("root", "admin")

    def get(self, path):
        return self.who.api("GET", HERE + path)

    def post(self, path, body=None):
        return self.who.api("POST", HERE + path, body)

    def state(self, query=""):
        return dict(parse_qsl(urlsplit(self.get("/auth-url" + query).body["auth_url"]).query))["state"]

    def come_back(self, path=HERE + "/callback", **query):
        """Where PracticePanther sends the admin's browser; only this machine's port is not the registered one."""
        return Browser().get(self.fleet.producer_url + path + "?" + "&".join(f"{name}={value}" for name, value in query.items()))

    def connect(self, pair=1):
        page = self.come_back(state=self.state(), code=f"code-firm-{pair}")
        assert page.status == 200, page
        return json.loads(page.text)

    def audit(self, like="PP_MANUAL%"):
        return self.fleet.sql("select * from audit_logs where action like %s order by audit_id", like)


@pytest.fixture
def admin(fleet):
    return Admin(fleet)


def test_sync_now_from_the_first_line_to_the_last(fleet, admin):
    """practicepanther.md"""
    fleet.start_worker()
    # Current status: OAuth setup required.
    status = admin.get("/status").body
    assert (status["status"], status["message"], status["can_sync"]) == ("no_token", "No token found", False)
    refused = admin.post("/trigger-sync", ALL)
    assert (refused.status, refused.body) == (400, NO_TOKEN)
    assert admin.audit() == []
    # Step 1: the authorisation URL.
    told = admin.get("/auth-url")
    assert told.status == 200 and sorted(told.body) == ["auth_url", "instructions", "redirect_uri"]
    assert told.body["redirect_uri"] == CALLBACK
    assert told.body["instructions"] == ["1. Visit the auth_url to authorize the application",
                                         "2. You will be redirected back with an authorization code",
                                         "3. The code will be automatically exchanged for tokens"]
    begin = "/OAuth/Authorize?response_type=code&client_id=YOUR_CLIENT_ID&redirect_uri="
    assert told.body["auth_url"].startswith(fleet.simulator.url + begin)  # there https://app.practicepanther.com
    sent = dict(parse_qsl(urlsplit(told.body["auth_url"]).query))
    assert sent["redirect_uri"] == CALLBACK
    # Step 2: he consents, and is sent back.
    page = admin.come_back(state=sent["state"], code="code-firm-1")
    assert page.status == 200 and json.loads(page.text)["status"] == "valid"
    status = admin.get("/status").body
    assert (status["status"], status["message"], status["can_sync"]) == ("valid", "Token valid for 24 hours", True)
    assert status["last_sync"] is None and status["next_sync"] == {"message": "Available immediately", "at": None}
    # Step 3: the sync works.
    done = admin.post("/trigger-sync", ALL)
    assert done.status == 200, done
    assert done.body == {"success": True, "status": "completed", "message": "Sync completed successfully",
                         "sync_id": done.body["sync_id"], "results": RESULTS, "total_synced": 85, "sync_duration": "< 1 minute"}
    rows = {name: fleet.value(f"select count(*) from practicepanther_{name}") for name in RECORDS}
    assert rows == RECORDS
    (entry,) = admin.audit()
    assert entry["action"] == "PP_MANUAL_SYNC_COMPLETED" and entry["actor"] == "user root"
    assert entry["details"] == {"results": RESULTS, "total_synced": 85, "sync_duration": "< 1 minute"}
    status = admin.get("/status").body
    last = status["last_sync"]
    assert (last["ago"], last["message"], last["sync_id"]) == ("Just now", "85 items synced successfully", done.body["sync_id"])
    assert last["at"].endswith("Z") and last["results"] == RESULTS and status["current_sync"] is None


def test_only_admins_may(fleet, admin):
    user = fleet.tenant.user("ada")
    for method, path in (("POST", "/trigger-sync"), ("GET", "/auth-url"), ("GET", "/status"), ("POST", "/disconnect")):
        answer = user.api(method, HERE + path)
        assert answer.status == 403 and sorted(answer.body) == ["error", "message"], path
        answer = fleet.api(method, HERE + path, key="")
        assert answer.status == 401 and sorted(answer.body) == ["error", "message"], path
    problem = fleet.api("GET", HERE + "/status", key="", headers={"Accept": "application/problem+json"})
    assert problem.body["status"] == 401 and problem.body["type"]
    stranger = fleet.new_tenant("second").user("root", "admin")
    admin.connect()
    assert stranger.api("GET", HERE + "/status").body["status"] == "no_token"
    assert stranger.api("POST", HERE + "/trigger-sync", ALL).body == NO_TOKEN
    assert stranger.api("POST", HERE + "/disconnect").body == {"error": "No PP token available", "message": "there is nothing to disconnect"}
    assert admin.get("/status").body["status"] == "valid"


def test_what_is_chosen_is_synced(fleet, admin):
    admin.connect()
    fleet.start_worker()
    done = admin.post("/trigger-sync", {"sync_matters": False, "sync_tasks": False})
    assert done.body["results"] == {"contacts": RESULTS["contacts"]} and done.body["total_synced"] == 25
    assert fleet.value("select count(*) from practicepanther_matters") == 0
    nothing = admin.post("/trigger-sync", dict.fromkeys(ALL, False))
    assert (nothing.status, nothing.body["error"]) == (400, "Nothing to sync")
    for wrong in ({"sync_contacts": "yes"}, {"sync_everything": True}):
        answer = admin.post("/trigger-sync", wrong)
        assert answer.status == 400 and sorted(answer.body) == ["error", "message"], answer
    assert len(admin.audit()) == 1
    assert sorted(admin.post("/trigger-sync").body["results"]) == sorted(RESULTS)  # without a body: all


def test_a_longer_sync_is_followed_and_audited_once(fleet):
    admin = Admin(fleet, asks__wait_ms=300)
    admin.connect()
    fleet.simulator.account("firm", latency_ms=400)
    fleet.start_worker()
    started = [admin.post("/trigger-sync", ALL) for _ in range(2)]  # the second joins what runs
    for answer in started:
        assert answer.status == 202 and answer.body["status"] == "running"
        assert answer.headers["location"] == f"/v1/syncs/{answer.body['sync_id']}"
    current = admin.get("/status").body["current_sync"]
    assert current["message"] == "Sync in progress" and current["sync_id"] == started[1].body["sync_id"]
    for answer in started:
        fleet.wait_for_sync(answer.body["sync_id"], state="completed")
    assert admin.who.api("GET", started[0].headers["location"]).body["state"] == "completed"
    fleet.wait_for_rest()
    entries = admin.audit()
    assert sorted(entry["subject"] for entry in entries) == sorted(answer.body["sync_id"] for answer in started)
    assert {entry["action"] for entry in entries} == {"PP_MANUAL_SYNC_COMPLETED"}
    assert entries[0]["details"]["results"] == RESULTS


def test_a_failed_sync_says_which_parts_succeeded(fleet, admin):
    admin.connect()
    fleet.simulator.dial("firm", "nul_text", resource="contacts")
    fleet.simulator.dial("firm", "forbidden", resource="tasks", times=-1)
    fleet.start_worker()
    done = admin.post("/trigger-sync", ALL)
    assert done.status == 200 and (done.body["success"], done.body["status"]) == (False, "failed")
    assert done.body["message"].startswith("Sync failed: tasks: HTTP 403")
    assert done.body["results"]["matters"] == RESULTS["matters"]
    assert done.body["results"]["tasks"] == {"synced": 0, "errors": 1}
    assert done.body["results"]["contacts"]["errors"] >= 1
    (entry,) = admin.audit()
    assert entry["action"] == "PP_MANUAL_SYNC_FAILED" and entry["details"]["error"].startswith("tasks: HTTP 403")
    last = admin.get("/status").body["last_sync"]
    assert last["status"] == "failed" and last["message"] == done.body["message"]


def test_the_token_grows_old_and_dies(fleet, admin):
    connection = admin.connect()["connection_id"]
    for life, words in (("95 minutes", "Token valid for 2 hours"), ("61 minutes", "Token valid for 1 hour"),
                        ("5 minutes", "Token valid for less than 1 hour")):
        fleet.sql("update connections set token_expires_at = now() + %s::interval", life)
        assert admin.get("/status").body["message"] == words
    fleet.sql("update connections set token_expires_at = now() - interval '1 minute'")
    status = admin.get("/status").body
    assert (status["status"], status["can_sync"]) == ("expired", True)
    fleet.start_worker()
    assert admin.post("/trigger-sync", ALL).body["total_synced"] == 85  # refreshed on the way
    assert admin.get("/status").body["message"] == "Token valid for 24 hours"
    fleet.sql("update connections set token_expires_at = now() - interval '1 minute'")
    fleet.simulator.dial("firm", "unauthorized", resource="token", times=-1)
    failed = admin.post("/trigger-sync", ALL)
    assert (failed.body["success"], failed.body["status"]) == (False, "failed") and "authorised again" in failed.body["message"]
    status = admin.get("/status").body
    assert (status["status"], status["can_sync"]) == ("dead", False) and status["next_sync"]["message"].startswith("Not available")
    refused = admin.post("/trigger-sync", ALL)
    assert (refused.status, refused.body) == (400, {"error": "PP token no longer valid",
                                                    "message": "Complete OAuth setup again before syncing"})
    fleet.simulator.clear_dials("firm")
    pair = fleet.value("select token_version from connections") + 1
    assert admin.connect(pair)["connection_id"] == connection and admin.get("/status").body["status"] == "valid"
    assert [entry["action"].removeprefix("PP_MANUAL_SYNC_") for entry in admin.audit()] == ["COMPLETED", "FAILED"]


def test_disconnecting_ends_it(fleet, admin):
    connection = admin.connect()["connection_id"]
    gone = admin.post("/disconnect")
    assert gone.status == 200 and (gone.body["message"], gone.body["status"]) == ("PracticePanther is disconnected", "no_token")
    assert admin.get("/status").body["message"] == "No token found"
    assert admin.post("/trigger-sync", ALL).body == NO_TOKEN
    assert fleet.value("select length(secret) from connections") == 0
    assert admin.connect(2)["connection_id"] == connection  # again, and it is the same
    assert [entry["action"] for entry in admin.audit("PP_OAUTH%")] == ["PP_OAUTH_CONNECTED", "PP_OAUTH_DISCONNECTED", "PP_OAUTH_CONNECTED"]


def test_who_comes_back_must_have_been_sent_for_this(fleet):
    admin = Admin(fleet, oauth__clients="practicepanther=c:s;zoho=c:s")
    other = admin.who.api("POST", "/v1/connections/authorize", {"provider": "zoho", "external_id": "z-1", "settings": {"data_centre": "eu"}})
    state = dict(parse_qsl(urlsplit(other.body["authorize_url"]).query))["state"]
    for forged in (state, state[::-1], ""):
        page = admin.come_back(state=forged, code="code-firm-1")
        assert (page.status, json.loads(page.text)["error"]) == (400, "state_forged")
    fleet.simulator.account("z-1", zoho={"data_centre": "eu"})
    assert admin.come_back("/v1/oauth/callback", state=state, code="code-z-1-1").status == 200  # it was not spent
    state = admin.state()
    denied = admin.come_back(state=state, error="access_denied")
    assert (denied.status, json.loads(denied.text)["error"]) == (400, "access_denied")
    assert json.loads(admin.come_back(state=state, code="code-firm-1").text)["error"] == "state_used"
    led = admin.come_back(state=admin.state(f"?return_to={RETURN_TO}/pp"), code="code-firm-1")
    assert (led.status, led.to.partition("?")[0], led.query["result"]) == (302, RETURN_TO + "/pp", "created")
    assert admin.get("/auth-url?return_to=https://evil.example/").status == 400
    standard = admin.who.api("GET", f"{HERE}/auth-url?return_to=https://evil.example/", headers={"Accept": "application/problem+json"})
    assert standard.body["errors"][0]["pointer"] == "?return_to"


def test_what_others_sync_is_not_audited(fleet, admin):
    connection = admin.connect()["connection_id"]
    fleet.start_worker()
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection}).body["sync_id"]
    fleet.wait_for_sync(sync, state="completed")
    schedule = fleet.api("POST", "/v1/schedules", {"provider": "practicepanther", "connection_id": connection, "cron": "@yearly"})
    assert schedule.status == 201 and admin.audit() == []
    status = admin.get("/status").body
    assert status["last_sync"]["message"] == "85 items synced successfully"
    assert status["next_sync"] == {"message": "Scheduled; available immediately, too", "at": schedule.body["next_tick_at"]}
    fleet.sql("update syncs set ended_at = now() - interval '125 seconds'")
    assert admin.get("/status").body["last_sync"]["ago"] == "2 minutes ago"
