# SPDX-License-Identifier: Apache-2.0
"""HighLevel as its users described it: connect, sync, look at calls, refresh, test, disconnect; and each error with its cause."""
import json
import time
from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from harness import tokens
from harness.browser import Browser
from harness.faithful import assert_faithful

LOCATION = "loc-1"
CALLBACK = "https://app.example.com/oauth/callback"
SCOPES = """voice-ai-agents.readonly voice-ai-agents.write voice-ai-dashboard.readonly voice-ai-agent-goals.readonly
voice-ai-agent-goals.write contacts.readonly locations.readonly conversations.readonly conversations/message.readonly
phonenumbers.read numberpools.read""".split()
# As the users' own .env has it.
ENV = {"VITE_HIGHLEVEL_CLIENT_ID": "client", "VITE_HIGHLEVEL_CLIENT_SECRET": "secret", "VITE_HIGHLEVEL_REDIRECT_URI": CALLBACK,
       "VITE_HIGHLEVEL_AUTH_URL": "https://marketplace.gohighlevel.com/oauth/chooselocation",
       "VITE_HIGHLEVEL_TOKEN_URL": "https://services.leadconnectorhq.com/oauth/token",
       "VITE_HIGHLEVEL_API_URL": "https://services.leadconnectorhq.com", "JWT_SECRET": tokens.SECRET}
NO_CONNECTION = (404, "No valid OAuth connection found")
NO_LOCATION = (422, "No location ID found for user")
GRANT_DEAD = (401, "Failed to refresh token")
REFRESH_FAILED = (502, "Failed to refresh token")
UNAUTHORIZED = (502, "HighLevel API error: 401 Unauthorized")


class Office:
    """A fleet whose users have HighLevel: an admin, and those who are asked about."""

    def __init__(self, fleet, **settings):
        self.fleet = fleet
        fleet.start_producer(env=ENV, outgoing__allow_plain_loopback=True, providers__origins=fleet.simulator.origins(),
                             auth__jwt_issuer=tokens.ISSUER, auth__jwt_audience=tokens.AUDIENCE, **settings)
        fleet.start_worker(providers__limits="highlevel.burst=0")  # a few whole walks are more than a hundred calls
        self.admin = self.key("admin", role="admin")

    def key(self, user, **claims):
        return tokens.token(subject=user, **claims)

    def call(self, method, path, body=None, key=None, headers=None):
        return self.fleet.tenant.api(method, path, body, headers, key=key or self.admin)

    def ask(self, function, user="ada", key=None, **body):
        return self.call("POST", f"/functions/v1/{function}", {"userId": user, **body}, key)

    def refused(self, function, expected, **how):
        answer = self.ask(function, **how)
        assert (answer.status, answer.body["error"]) == expected, answer
        assert answer.headers["content-type"] == "application/json" and answer.body["message"]
        return answer.body

    def connect(self, user="ada", location=LOCATION, pair=1, **settings):
        """Through the consent, as the button of the admin's page does it. Returns the callback's page."""
        self.fleet.simulator.account(location, **{**settings, "highlevel": {"rate_max": 10000, **settings.get("highlevel", {})}})
        begun = self.call("GET", f"/functions/v1/oauth-start?userId={user}")
        assert begun.status == 200, begun
        state = dict(parse_qsl(urlsplit(begun.body["url"]).query))["state"]
        page = Browser().get(f"{self.fleet.producer_url}/oauth/callback?" + urlencode({"state": state, "code": f"code-{location}-{pair}"}))
        assert page.status == 200, page
        return page

    def sync(self, user="ada", key=None, **body):
        answer = self.ask("sync-highlevel-calls", user, key, **body)
        assert answer.status == 200, answer
        return answer.body

    def users(self):
        answer = self.call("GET", "/functions/v1/admin-users")
        assert answer.status == 200, answer
        return {user["externalId"]: user for user in answer.body["users"]}

    def calls(self, key=None, **filters):
        answer = self.call("GET", "/functions/v1/highlevel-calls?" + urlencode(filters), key=key)
        assert answer.status == 200, answer
        return answer.body["calls"]

    def sync_status(self, user="ada"):
        return self.fleet.sql("select s.* from sync_status s join users u using (user_id) where u.external_id = %s", user)

    def api_keys(self, user="ada"):
        return self.fleet.sql("select k.* from api_keys k join users u using (user_id) where u.external_id = %s and k.service = 'highlevel'", user)

    def expire(self, seconds):
        """The access token has so many seconds to live."""
        self.fleet.sql("update connections set token_expires_at = now() + %s * interval '1 second'", seconds)

    def token_calls(self, location=LOCATION):
        return [row for row in self.fleet.simulator.log(location) if row["path"] == "/oauth/token"]


@pytest.fixture
def office(fleet):
    return Office(fleet)


def connection(fleet, account=LOCATION, own=None, **settings):
    return fleet.connection(account, "highlevel", own={"location_id": account, **(own or {})}, **settings)


def stored_text(fleet):
    """All that the database has as text."""
    tables = [row["name"] for row in fleet.sql("select c.relname as name from pg_class c where c.relkind = 'r' "
                                               "and c.relnamespace = 'public'::regnamespace")]
    return "\n".join(row["text"] for table in tables for row in fleet.sql(f"select x::text as text from {table} x"))


def test_the_whole_story(fleet, office):
    # Admin, Users: nobody is connected. "Connect HighLevel" leads to the consent.
    office.call("GET", "/functions/v1/highlevel-calls", key=office.key("ada"))  # she has logged in once
    assert office.users()["ada"]["status"] == "Not Connected"
    begun = office.call("GET", "/functions/v1/oauth-start?userId=ada")
    url, query = urlsplit(begun.body["url"]), dict(parse_qsl(urlsplit(begun.body["url"]).query))
    assert url.path == "/oauth/chooselocation" and begun.body["redirectUri"] == CALLBACK
    assert (query["response_type"], query["client_id"], query["redirect_uri"]) == ("code", "client", CALLBACK)
    assert query["scope"].split() == SCOPES
    page = office.connect(records={"call_logs": 120}, highlevel={"first_at": int(time.time()) - 2 * 86400, "every": 600})
    assert json.loads(page.text)["external_id"] == LOCATION

    # The seed's query: who, where, whether, until when; tokens are nobody's to read.
    (row,) = office.api_keys()
    assert (row["location_id"], row["company_id"], row["is_active"]) == (LOCATION, "company-0", True) and row["token_expires_at"]
    assert (row["access_token"], row["refresh_token"]) == (None, None)
    ada = office.users()["ada"]
    assert (ada["status"], ada["location"]["id"], ada["agents"]) == ("Connected", LOCATION, [])
    tested = office.ask("oauth-test")
    assert (tested.status, tested.body["valid"], tested.body["locationId"]) == (200, True, LOCATION)
    assert office.api_keys()[0]["location_name"] == office.users()["ada"]["location"]["name"] == "Office of loc-1"

    # The Sync button, and what comes of it.
    result = office.sync()
    assert (result["success"], result["status"], result["message"], result["recordsSynced"]) == (True, "success", "Synced 120 calls", 120)
    (status,) = office.sync_status()
    assert (status["service"], status["last_sync_status"], status["last_sync_message"], status["records_synced"]) == \
        ("highlevel", "success", "Synced 120 calls", 120)
    served = fleet.simulator.rows(LOCATION, "call_logs")
    calls = office.calls(limit=200)
    assert [call["id"] for call in calls] == [row["id"] for row in reversed(served)]
    ada = office.users()["ada"]
    assert Counter(row["agentId"] for row in served) == {agent["agentId"]: agent["calls"] for agent in ada["agents"]}
    assert ada["phoneNumbers"] and ada["lastSync"]["recordsSynced"] == 120

    # The token is refreshed within five minutes of its end, not before; the location stays when the answer omits it.
    office.expire(330)
    office.sync()
    assert len(office.token_calls()) == 1
    office.expire(290)
    office.sync()
    assert len(office.token_calls()) == 2 and fleet.simulator.state(LOCATION)["token"]["n"] == 3
    fleet.simulator.account(LOCATION, highlevel={"location": "never", "camel": True})  # and now in v3's spelling
    refreshed = office.ask("oauth-refresh")
    assert (refreshed.status, refreshed.body["success"], refreshed.body["locationId"]) == (200, True, LOCATION)
    assert fleet.simulator.state(LOCATION)["token"]["n"] == 4 and office.api_keys()[0]["location_id"] == LOCATION
    expires = datetime.fromisoformat(refreshed.body["expiresAt"].replace("Z", "+00:00"))
    assert timedelta(hours=23) < expires - office.api_keys()[0]["updated_at"] < timedelta(hours=25)

    # Calls that are new, and summaries that come later: the last days are read again.
    fleet.simulator.account(LOCATION, clock_skew=-2, records={"call_logs": 123})
    fleet.simulator.account(LOCATION, version=2, changed_share=0.1)
    result = office.sync()
    assert (result["callsNew"], result["callsUpdated"]) == (3, 12)
    assert "rev 0002" in office.calls(limit=200)[-1]["summary"]

    # Disconnecting: the user stays in the list, without badges, and can be connected again.
    gone = office.ask("oauth-disconnect")
    assert (gone.status, gone.body["status"]) == (200, "Not Connected")
    ada = office.users()["ada"]
    assert (ada["status"], ada["agents"], ada["phoneNumbers"], ada["location"]) == ("Not Connected", [], [], None)
    assert office.api_keys()[0]["is_active"] is False
    office.refused("sync-highlevel-calls", NO_CONNECTION)
    office.refused("oauth-disconnect", NO_CONNECTION)
    office.connect(pair=4, highlevel={"location": "always"})
    assert office.users()["ada"]["status"] == "Connected" and office.sync()["success"]


def test_each_message_has_its_cause(fleet, office):
    # "No valid OAuth connection found": no record of the user.
    for function in ("sync-highlevel-calls", "oauth-refresh", "oauth-test"):
        assert "reconnect" in office.refused(function, NO_CONNECTION)["message"]
    # "Failed to refresh token": now and then, and for good when the connection was revoked at HighLevel.
    office.connect(records={"call_logs": 20})
    fleet.simulator.dial(LOCATION, "server_error", resource="token")
    office.refused("oauth-refresh", REFRESH_FAILED)
    fleet.simulator.account(LOCATION, highlevel={"paused": True})
    assert "paused" in office.refused("oauth-refresh", REFRESH_FAILED)["message"]
    fleet.simulator.account(LOCATION, highlevel={"paused": False, "revoked": True})
    office.expire(10)
    office.refused("sync-highlevel-calls", GRANT_DEAD)
    (status,) = office.sync_status()
    assert (status["last_sync_status"], status["last_sync_message"]) == ("failure", "Failed to refresh token")
    assert office.users()["ada"]["status"] == "Needs Reconnect" and office.api_keys()[0]["is_active"] is False
    for function in ("sync-highlevel-calls", "oauth-refresh", "oauth-test"):
        office.refused(function, GRANT_DEAD)
    problem = office.call("POST", "/functions/v1/oauth-test", {"userId": "ada"}, headers={"Accept": "application/problem+json"})
    assert (problem.status, problem.body["code"], problem.headers["content-type"]) == (401, "grant_dead", "application/problem+json")
    fleet.simulator.account(LOCATION, highlevel={"revoked": False})
    office.connect(pair=2)
    # "HighLevel API error: 401 Unauthorized": a scope is missing, or no token is taken.
    fleet.simulator.account(LOCATION, highlevel={"unscoped": True})
    office.refused("oauth-test", UNAUTHORIZED)
    sync = office.refused("sync-highlevel-calls", UNAUTHORIZED)["syncId"]
    assert fleet.value("select state from syncs where sync_id = %s", sync) == "failed"
    assert office.sync_status()[0]["last_sync_message"] == UNAUTHORIZED[1]
    fleet.simulator.account(LOCATION, highlevel={"unscoped": False})
    fleet.simulator.dial(LOCATION, "unauthorized", times=-1, resource="call_logs")
    office.refused("sync-highlevel-calls", UNAUTHORIZED)
    fleet.simulator.clear_dials(LOCATION)
    fleet.simulator.dial(LOCATION, "forbidden", resource="call_logs")
    assert "403" in office.refused("sync-highlevel-calls", (502, "HighLevel API error"))["message"]
    assert office.sync()["recordsSynced"] == 20


def test_a_connection_without_location(office):
    """"No location ID found for user": disconnect and reconnect to get it."""
    office.connect(highlevel={"location": "never"}, records={"call_logs": 5})
    assert office.users()["ada"]["status"] == "Needs Reconnect" and office.api_keys()[0]["location_id"] is None
    assert "reconnect" in office.refused("sync-highlevel-calls", NO_LOCATION)["message"]
    office.refused("oauth-test", NO_LOCATION)
    assert office.ask("oauth-refresh").status == 200
    assert office.ask("oauth-disconnect").status == 200
    office.connect(pair=3, highlevel={"location": "always"})
    assert office.users()["ada"]["status"] == "Connected" and office.sync()["recordsSynced"] == 5
    assert [row["is_active"] for row in office.api_keys()].count(True) == 1


def test_users_have_their_own(fleet, office):
    office.connect("ada", records={"call_logs": 12})
    office.connect("bob", "loc-2", records={"call_logs": 7})
    ada, bob = office.key("ada"), office.key("bob")
    ids = {row["external_id"]: str(row["user_id"]) for row in fleet.sql("select * from users")}
    assert office.sync("ada", key=ada)["recordsSynced"] == 12
    assert office.sync(ids["bob"], key=bob)["recordsSynced"] == 7  # by our id as well
    assert office.sync("bob", key=fleet.tenant.key)["recordsSynced"] >= 0  # a service, for anybody
    assert len(office.calls(key=ada)) == 12 and len(office.calls(userId="bob")) == 7 and len(office.calls()) == 19
    for user in ("bob", ids["bob"], "nobody"):
        for function in ("sync-highlevel-calls", "oauth-refresh", "oauth-test", "oauth-disconnect"):
            office.refused(function, (403, "not_own_user"), user=user, key=ada)
        assert office.call("GET", f"/functions/v1/highlevel-calls?userId={user}", key=ada).status == 403
        assert office.call("GET", f"/functions/v1/oauth-start?userId={user}", key=ada).status == 403
    assert office.call("GET", "/functions/v1/admin-users", key=ada).body["error"] == "missing_right"
    assert office.call("GET", "/functions/v1/admin-users", key="x").status == 401
    # another tenant's service sees nothing of them
    other = fleet.new_tenant("second")
    for user in ("bob", ids["bob"]):
        office.refused("sync-highlevel-calls", NO_CONNECTION, user=user, key=other.key)
        office.refused("oauth-disconnect", NO_CONNECTION, user=user, key=other.key)
    assert office.calls(key=other.key) == [] and office.call("GET", "/functions/v1/admin-users", key=other.key).body["users"] == []
    # and one whom nobody can read hides nobody, nor himself
    fleet.sql("update connections set settings = jsonb_build_object('location_id', 'x') where owner_user_id = %s", ids["bob"])
    fleet.sql("create or replace function highlevel_seen(p_connection_id uuid) returns jsonb language plpgsql stable as $$ begin "
              "if (select owner_user_id::text from connections where connection_id = p_connection_id) = '" + ids["bob"] + "' then "
              "raise 'broken'; end if; return '{}'; end $$")
    users = office.users()
    assert (users["bob"]["status"], users["ada"]["status"]) == ("Not Connected", "Connected") and "could not be read" in users["bob"]["message"]


def test_the_page_of_calls(fleet, office):
    office.connect(records={"call_logs": 130})
    office.sync()
    served = list(reversed(fleet.simulator.rows(LOCATION, "call_logs")))
    found, path = [], "/functions/v1/highlevel-calls?limit=40&userId=ada"
    while path:
        answer = office.call("GET", path)
        found += [call["id"] for call in answer.body["calls"]]
        link = answer.headers.get("link")
        assert bool(link) == bool(answer.body["nextCursor"])
        path = link and link[1:link.index(">")]
    assert found == [row["id"] for row in served]

    def ids(**filters):
        return [call["id"] for call in office.calls(limit=200, **filters)]

    def those(keep):
        return [row["id"] for row in served if keep(row)]
    assert ids(callType="TRIAL") == those(lambda row: row["trialCall"]) != []
    assert ids(agentId=served[0]["agentId"]) == those(lambda row: row["agentId"] == served[0]["agentId"])
    number = next(row["fromNumber"] for row in served if "fromNumber" in row)
    assert ids(fromNumber=number) == those(lambda row: row.get("fromNumber") == number)
    assert ids(minDuration=600) == those(lambda row: row["duration"] >= 600) != []
    assert ids(actionType="CUSTOM_ACTION") == those(lambda row: any(a["actionType"] == "CUSTOM_ACTION" for a in row["executedCallActions"])) != []
    assert ids(startDate=served[50]["createdAt"], endDate=served[20]["createdAt"]) == [row["id"] for row in served[21:51]]
    call, row = office.calls(limit=1)[0], served[0]
    assert (call["summary"], call["transcript"], call["duration"]) == (row["summary"], row["transcript"], row["duration"])
    for wrong in ("cursor=zz", "cursor=00", "limit=0", "callType=X", "startDate=yesterday", "nothing=1"):
        assert office.call("GET", f"/functions/v1/highlevel-calls?{wrong}").status == 422


def test_the_calls_of_some_days(fleet, office):
    """startDate and endDate: what was changed long ago comes in again, and nothing else; what is new is for the next sync."""
    office.connect(records={"call_logs": 700})  # of two weeks, three months ago
    assert office.sync()["recordsSynced"] == 700
    fleet.simulator.account(LOCATION, version=2)
    served = fleet.simulator.rows(LOCATION, "call_logs")
    first, last = served[100]["createdAt"], served[200]["createdAt"]
    result = office.sync(startDate=first, endDate=last)
    assert (result["recordsSynced"], result["callsUpdated"]) == (100, 100)
    asked = [dict(parse_qsl(row["query"])) for row in fleet.simulator.log(LOCATION) if "startDate" in row["query"]]
    spans = [(int(query["startDate"]), int(query["endDate"])) for query in asked]
    assert all(start < end for start, end in spans) and len(set(spans)) > 30  # closed windows, from old to new
    assert office.sync(startDate=served[690]["createdAt"])["recordsSynced"] == 10
    assert office.sync(endDate=served[10]["createdAt"])["recordsSynced"] == 10
    fleet.simulator.account(LOCATION, clock_skew=-2, records={"call_logs": 701})
    assert office.sync()["callsNew"] == 1  # the bounded ones have left its beginning alone
    for wrong in ({"startDate": last, "endDate": first}, {"endDate": "1969-01-01T00:00:00Z"}, {"startDate": "yesterday"}):
        assert office.ask("sync-highlevel-calls", **wrong).status == 422
    both = office.call("POST", "/functions/v1/sync-highlevel-calls", {})
    assert (both.status, both.body["error"]) == (422, "missing_field")


def test_calls_are_stored_without_what_is_not_ours(fleet):
    """In both lines of the API, in quarantine as well."""
    fleet.start_producer()
    fleet.start_worker(providers__limits="highlevel.burst=0")
    calls = {api: connection(fleet, f"loc-{api}", own={"api_version": api}, records={"call_logs": 120}, highlevel={"rate_max": 10000})
             for api in ("v2", "v3")}
    assert_faithful(fleet, [fleet.sync(each, mode="full") for each in calls.values()])
    for api, each in calls.items():
        first = fleet.simulator.rows(f"loc-{api}", "call_logs")[0]
        row = fleet.sql("select * from highlevel_calls where connection_id = %s and id = %s", each.id, first["id"])[0]
        assert (row["agent_id"], row["summary"], row["trial_call"]) == (first["agentId"], first["summary"], first["trialCall"])
        assert "third-party" in json.dumps(fleet.simulator.rows(f"loc-{api}", "call_logs"))
        fleet.simulator.dial(f"loc-{api}", "nul_text", resource="call_logs", times=-1)
        fleet.wait_for_sync(fleet.sync(each, mode="full"), state="completed")
    assert 2 <= fleet.value("select count(*) from dead_records") < 10
    assert "third-party" not in stored_text(fleet)
