# SPDX-License-Identifier: Apache-2.0
"""Connecting accounts: by consent, by tokens, once more, until they are disconnected; and what comes back forged, twice,
late or not at all. The authorisation server is the simulator; test_consent.py has a real one."""
import json
import threading
import time
from urllib.parse import parse_qsl, urljoin, urlsplit

import jsonschema
import pytest

from harness.browser import Browser
from harness.faithful import assert_faithful
from harness.fleet import USERS
from harness.ledger import ROOT
from harness.process import free_port

RETURN_TO = "https://app.example/connected"
EVENT = json.loads((ROOT / "schemas" / "connection.v1.schema.json").read_text())
UNKNOWN = "0190aaaa-0000-7000-8000-000000000001"
STATE_KEY = "a key for tests that has 32 bytes!"


class Connecting:
    """A fleet whose producer sends people to the simulator, which takes any client and any redirect URI."""

    def __init__(self, fleet, **settings):
        self.fleet = fleet
        self.settings = {"oauth__clients": "practicepanther=client:secret;zoho=client:secret", "oauth__state_key": STATE_KEY,
                         "oauth__redirect_uri": "https://fleet.example/v1/oauth/callback", "oauth__return_to": RETURN_TO,
                         "outgoing__allow_plain_loopback": True, "providers__origins": fleet.simulator.origins(), **settings}
        fleet.start_producer(**self.settings)

    def begin(self, tenant=None, status=200, **body):
        body = {"provider": "practicepanther", "external_id": "acct-1", "return_to": RETURN_TO, **body}
        answer = (tenant or self.fleet.tenant).api("POST", "/v1/connections/authorize",
                                                   {name: value for name, value in body.items() if value is not None})
        assert answer.status == status, answer
        return answer.body

    def state(self, **body):
        return sent(self.begin(**body))["state"]

    def come_back(self, producer=None, **query):
        """The answer to the callback, which a person's browser asks for."""
        url = f"http://{(producer or self.fleet.producer).address('http')}/v1/oauth/callback?"
        return Browser().get(url + "&".join(f"{name}={value}" for name, value in query.items()))

    def connect(self, account, pair=1, **body):
        """Through all of it; returns the connection's id and whether it is a new one."""
        page = self.come_back(state=self.state(external_id=account, **body), code=f"code-{account}-{pair}")
        assert page.status == 302 and page.to.startswith(RETURN_TO + "?"), page
        return page.query["connection_id"], page.query["result"]

    def rows(self):
        return self.fleet.sql("select * from connections order by connection_id")

    def events(self):
        """What sync.connections says, in order; every event as its schema and its headers promise."""
        self.fleet.wait_until(lambda: self.fleet.value("select count(*) from outbox") == 0, what="an empty outbox")
        said = {}
        for message in self.fleet.messages("sync.connections"):
            event = json.loads(message.value)
            jsonschema.validate(event, EVENT)
            headers = message.headers
            assert headers["ce_id"] == event["event_id"] and message.key == event["connection_id"]
            assert headers["ce_type"] == f"io.syncfleet.{event['event_type']}.v1"
            said[event["event_id"]] = event
        return sorted(said.values(), key=lambda event: (event["connection_id"], event["sequence"]))


def sent(answer):
    """What the authorisation server is told by the URL."""
    return dict(parse_qsl(urlsplit(answer["authorize_url"]).query))


@pytest.fixture
def connecting(fleet):
    return Connecting(fleet)


def of(connecting, connection):
    answer = connecting.fleet.api("GET", f"/v1/connections/{connection}")
    assert answer.status == 200, answer
    return answer.body


# ---- consent ----

def test_an_account_is_connected_by_consent_and_synced(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 120})
    answer = connecting.begin()
    url, query = urlsplit(answer["authorize_url"]), sent(answer)
    assert f"{url.scheme}://{url.netloc}{url.path}" == fleet.simulator.url + "/OAuth/Authorize"
    assert (query["response_type"], query["client_id"], query["code_challenge_method"]) == ("code", "client", "S256")
    assert query["redirect_uri"] == "https://fleet.example/v1/oauth/callback" and len(query["code_challenge"]) == 43
    page = connecting.come_back(state=query["state"], code="code-acct-1-1", scope="what.else")  # others add parameters
    assert (page.status, page.to.partition("?")[0], page.query["result"]) == (302, RETURN_TO, "created")
    shown = of(connecting, page.query["connection_id"])
    assert (shown["provider"], shown["external_id"], shown["status"]) == ("practicepanther", "acct-1", "active")
    assert shown["token_expires_at"] and not {"secret", "access_token", "refresh_token"} & set(shown)
    fleet.start_worker()
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": shown["connection_id"],
                                           "resources": ["contacts"], "mode": "full"}).body["sync_id"]
    assert_faithful(fleet, [sync])
    (event,) = connecting.events()
    assert (event["event_type"], event["external_id"], event["sequence"]) == ("connection.connected", "acct-1", 1)


def test_without_return_to_the_answer_is_the_connection(connecting):
    connecting.fleet.simulator.account("acct-1")
    page = connecting.come_back(state=connecting.state(return_to=None), code="code-acct-1-1")
    assert page.status == 200
    body = json.loads(page.text)
    assert body["result"] == "created" and body == {**of(connecting, body["connection_id"]), "result": "created"}


def test_the_same_account_once_more_and_of_another_tenant(fleet, connecting):
    fleet.simulator.account("acct-1")
    first, result = connecting.connect("acct-1")
    again, updated = connecting.connect("acct-1", pair=2, settings={"note": "x"})
    assert (again, result, updated) == (first, "created", "updated")
    shown = of(connecting, first)
    assert (shown["token_version"], shown["settings"]) == (2, {"note": "x"})
    other, result = connecting.connect("acct-1", pair=3, tenant=fleet.new_tenant("second"))
    assert other != first and result == "created" and len(connecting.rows()) == 2
    assert [event["sequence"] for event in connecting.events() if event["connection_id"] == first] == [1, 2]


@pytest.mark.parametrize("end", ["reauthorize", "disconnected"])
def test_what_must_be_authorised_again_is_reconnected(fleet, connecting, end):
    fleet.simulator.account("acct-1")
    connection, _ = connecting.connect("acct-1", settings={"kept": "x"})
    fleet.sql("update connections set status = %s, status_reason = 'so' where connection_id = %s", end, connection)
    refused = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection})
    assert (refused.status, refused.body["code"]) == (409, f"connection_{end}")
    page = connecting.come_back(state=connecting.state(connection_id=connection, external_id=None), code="code-acct-1-2")
    assert page.query == {"connection_id": connection, "result": "updated"}
    shown = of(connecting, connection)
    assert (shown["status"], shown["status_reason"], shown["settings"]) == ("active", None, {"kept": "x"})
    assert [event["event_type"].partition(".")[2] for event in connecting.events()] == ["connected", end, "connected"]


# ---- what goes wrong ----

def no_connection(connecting):
    return connecting.rows() == [] and connecting.events() == []


def test_a_denied_consent(connecting):
    state = connecting.state()
    page = connecting.come_back(state=state, error="access_denied", error_description="%3Cscript%3E")
    assert page.to == f"{RETURN_TO}?error=access_denied"
    assert connecting.come_back(state=state, code="code-acct-1-1").query == {"error": "state_used"}  # it is spent
    page = connecting.come_back(state=connecting.state(return_to=None), error="some_new_error")
    assert (page.status, json.loads(page.text)["code"]) == (400, "authorization_failed")
    assert no_connection(connecting)


def forgeries(state):
    yield from ("", "x", "A" * 64, state[:-1], state + "A", state[:-2] + ("AA" if state[-2:] != "AA" else "BB"),
                ("B" if state[0] == "A" else "A") + state[1:], state.upper(), state.replace("-", "+"))


def test_forged_states_lead_nowhere(connecting):
    state = connecting.state()
    for forged in forgeries(state):
        if forged == state:
            continue
        page = connecting.come_back(state=forged, code="code-acct-1-1")
        assert (page.status, page.to, json.loads(page.text)["code"]) == (400, None, "state_forged"), forged
    assert json.loads(connecting.come_back(code="code-acct-1-1").text)["code"] == "state_forged"
    assert connecting.fleet.value("select count(*) from oauth_states where spent_at is null") == 1 and no_connection(connecting)


def test_another_fleets_state_is_a_forged_one(fleet, connecting):
    state = connecting.state()
    fleet.restart(fleet.producer, oauth__state_key="another key that has more than 32 bytes")
    assert json.loads(connecting.come_back(state=state, code="code-acct-1-1").text)["code"] == "state_forged"


def test_a_replayed_state_and_an_expired_one(fleet, connecting):
    fleet.simulator.account("acct-1")
    state = connecting.state()
    assert connecting.come_back(state=state, code="code-acct-1-1").query["result"] == "created"
    assert connecting.come_back(state=state, code="code-acct-1-2").query == {"error": "state_used"}
    late = connecting.state()
    fleet.sql("update oauth_states set expires_at = now() - interval '1 second' where spent_at is null")
    assert connecting.come_back(state=late, code="code-acct-1-2").query == {"error": "state_expired"}
    fleet.sql("update oauth_states set expires_at = now() - interval '2 days'")
    connecting.begin()
    assert fleet.value("select count(*) from oauth_states") == 1  # the old ones are gone
    assert json.loads(connecting.come_back(state=late, code="code-acct-1-2").text)["code"] == "state_expired"
    assert [row["token_version"] for row in connecting.rows()] == [1]


def test_a_code_that_was_used_before(fleet, connecting):
    fleet.simulator.account("acct-1")
    connection, _ = connecting.connect("acct-1")
    assert connecting.come_back(state=connecting.state(), code="code-acct-1-1").query == {"error": "code_refused"}
    assert of(connecting, connection)["token_version"] == 1


def test_the_token_endpoint_fails(fleet, connecting):
    for dial in ("server_error", "cut", "throttle", "html", "broken_json", "unauthorized"):
        fleet.simulator.account(dial, dials=[{"dial": dial, "resource": "token"}])
        code = "code_refused" if dial == "unauthorized" else "token_endpoint_away"
        assert connecting.come_back(state=connecting.state(), code=f"code-{dial}-1").query == {"error": code}, dial
    assert no_connection(connecting)


def test_the_token_endpoint_is_not_there(fleet):
    connecting = Connecting(fleet, providers__origins=f"practicepanther=http://127.0.0.1:{free_port()}")
    page = connecting.come_back(state=connecting.state(return_to=None), code="code-acct-1-1")
    assert (page.status, json.loads(page.text)["code"]) == (503, "token_endpoint_away") and no_connection(connecting)


def test_zoho_fails_inside_of_200(fleet, connecting):
    fleet.simulator.account("z-1", zoho={"revoked": True})
    ask = {"provider": "zoho", "external_id": "z-1", "settings": {"data_centre": "eu"}}
    assert connecting.come_back(state=connecting.state(**ask), code="code-z-1-1").query == {"error": "code_refused"}
    fleet.simulator.account("z-1", zoho={"revoked": False, "data_centre": "eu"})
    page = connecting.come_back(state=connecting.state(**ask), code="code-z-1-1", location="eu")
    shown = of(connecting, page.query["connection_id"])
    assert shown["settings"] == {"data_centre": "eu", "api_domain": "https://www.zohoapis.eu"}


def test_one_state_at_two_producers_at_once(fleet, connecting):
    fleet.simulator.account("acct-1")
    fleet.simulator.dial("acct-1", "latency", resource="token", ms=200)
    first = fleet.producer
    second = fleet.start_producer(**connecting.settings)
    state, ends = connecting.state(), []

    def come(producer):
        ends.append(connecting.come_back(producer, state=state, code="code-acct-1-1").query)

    threads = [threading.Thread(target=come, args=(producer,)) for producer in (first, second) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(end.get("error", end.get("result")) for end in ends) == ["created"] + ["state_used"] * 7
    (row,) = connecting.rows()
    assert row["token_version"] == 1


def test_one_account_at_two_producers_at_once(fleet, connecting):
    fleet.simulator.account("z-1", zoho={})
    first = fleet.producer
    second = fleet.start_producer(**connecting.settings)
    states, ends = [connecting.state(provider="zoho", external_id="z-1") for _ in range(6)], []

    def come(producer, state):
        ends.append(connecting.come_back(producer, state=state, code="code-z-1-1").query)

    threads = [threading.Thread(target=come, args=((first, second)[i % 2], state)) for i, state in enumerate(states)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(end["result"] for end in ends) == ["created"] + ["updated"] * 5
    (row,) = connecting.rows()
    assert {end["connection_id"] for end in ends} == {row["connection_id"]} and row["token_version"] == 6


CANNOT_BEGIN = [
    ({"provider": "bench"}, "#/provider", "not_by_consent"),
    ({"provider": "nobody"}, "#/provider", "unknown_provider"),
    ({"external_id": None}, "#/external_id", "missing_field"),
    ({"connection_id": UNKNOWN}, "#/connection_id", "unknown_connection"),
    ({"settings": []}, "#/settings", "wrong_type"),
    *(({"return_to": url}, "#/return_to", "return_to_not_allowed") for url in (
        "https://app.example.evil/connected", "https://app.example/connectedness", "http://app.example/connected",
        "//app.example/connected", "javascript:alert(1)", RETURN_TO + "\\@evil", RETURN_TO + "/\u00e9", RETURN_TO + "? x")),
]


def test_what_cannot_be_begun(connecting):
    for body, pointer, code in CANNOT_BEGIN:
        answer = connecting.begin(status=404 if code == "unknown_connection" else 422, **body)
        assert (answer["code"], answer["errors"][0]["pointer"]) == (code, pointer), body
    assert connecting.fleet.value("select count(*) from oauth_states") == 0


def test_without_a_client_nobody_is_sent_away(fleet):
    connecting = Connecting(fleet, oauth__clients="zoho=client:secret")
    assert connecting.begin(status=422)["code"] == "provider_not_configured"


def test_a_provider_sends_people_back_to_a_place_of_its_own(fleet):
    own = "https://app.example/oauth/callback"
    connecting = Connecting(fleet, oauth__redirect_uris=f"zoho={own}")
    assert sent(connecting.begin(provider="zoho", external_id="z-1", settings={"data_centre": "eu"}))["redirect_uri"] == own
    assert sent(connecting.begin())["redirect_uri"] == connecting.settings["oauth__redirect_uri"]


def test_people_are_led_to_a_path_of_the_same_site(fleet, connecting):
    fleet.simulator.account("acct-1")
    page = connecting.come_back(state=connecting.state(return_to="/sync?tab=1"), code="code-acct-1-1")
    assert (page.status, page.to.partition("&")[0]) == (302, urljoin(page.url, "/sync?tab=1"))
    page = connecting.come_back(state=connecting.state(return_to="/sync"), error="access_denied")
    assert page.to == urljoin(page.url, "/sync?error=access_denied")


def test_an_account_is_connected_for_somebody_else(fleet):
    connecting = Connecting(fleet, **USERS)
    ada, ben, root = fleet.tenant.user("ada"), fleet.tenant.user("ben"), fleet.tenant.user("root", "admin")
    for somebody in (ada, ben, root):
        assert somebody.api("GET", "/v1/syncs").status == 200  # who is seen first is made
    ids = {row["external_id"]: str(row["user_id"]) for row in fleet.sql("select * from users")}
    for n, who in enumerate((root, fleet.tenant, ada)):  # an admin, a service, herself
        fleet.simulator.account(f"acct-{n}")
        state = sent(connecting.begin(who, external_id=f"acct-{n}", owner_user_id=ids["ada"]))["state"]
        assert connecting.come_back(state=state, code=f"code-acct-{n}-1").query["result"] == "created"
    assert {str(row["owner_user_id"]) for row in connecting.rows()} == {ids["ada"]}
    refused = connecting.begin(ben, status=403, owner_user_id=ids["ada"])
    assert refused["code"] == "not_for_others"
    assert connecting.begin(ben, status=403, owner_user_id=UNKNOWN)["code"] == "not_for_others"  # learns nothing of who there is
    strangers = fleet.value("select user_seen(%s, 'ada')", fleet.new_tenant("second").id)
    for nobody in (UNKNOWN, strangers):
        assert connecting.begin(root, status=404, owner_user_id=nobody)["code"] == "unknown_user"
    # What is ada's is not made ben's by who does it for him.
    state = sent(connecting.begin(root, external_id="acct-0", owner_user_id=ids["ben"]))["state"]
    assert connecting.come_back(state=state, code="code-acct-0-2").query == {"error": "account_taken"}


# ---- by tokens ----

def create(fleet, status, **body):
    body = {"provider": "practicepanther", "external_id": "acct-1", **body}
    answer = fleet.api("POST", "/v1/connections", {name: value for name, value in body.items() if value is not None})
    assert answer.status == status, answer
    return answer


def test_an_account_is_connected_with_tokens(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 30})
    made = create(fleet, 201, refresh_token="rt-acct-1-1", settings={"a": 1})  # the client is the settings'
    assert made.headers["location"] == made.body["href"] and made.body["result"] == "created"
    fleet.start_worker()
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": made.body["connection_id"],
                                           "resources": ["contacts"]}).body["sync_id"]
    assert_faithful(fleet, [sync])
    again = create(fleet, 200, access_token="at-acct-1-2", refresh_token="rt-acct-1-2", client_id="c", client_secret="s",
                   expires_in=3600)
    assert again.body["result"] == "updated" and again.body["connection_id"] == made.body["connection_id"]
    for wrong, field in (({}, "access_token"), ({"access_token": "two words"}, "access_token"), ({"access_token": 7}, "access_token"),
                         ({"access_token": "x", "expires_in": -1}, "expires_in"), ({"access_token": "x", "settings": "x"}, "settings")):
        assert create(fleet, 422, **wrong).body["errors"][0]["pointer"] == f"#/{field}"
    assert fleet.api("GET", "/v1/connections?status=active&provider=practicepanther").body["connections"] == [
        of(connecting, made.body["connection_id"])]


def test_connections_are_listed_in_pages(fleet, connecting):
    made = [create(fleet, 201, external_id=f"acct-{n}", access_token="x").body["connection_id"] for n in range(5)]
    stranger = fleet.new_tenant("second")
    assert stranger.api("GET", "/v1/connections").body == {"connections": [], "next_cursor": None}
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test")):
        answer = stranger.api(method, f"/v1/connections/{made[0]}{path}")
        assert (answer.status, answer.body["code"]) == (404, "unknown_connection")
    seen, path = [], "/v1/connections?limit=2&provider=practicepanther"
    while path:
        answer = fleet.api("GET", path)
        seen += [connection["connection_id"] for connection in answer.body["connections"]]
        path = answer.headers.get("link", "<>").split(">")[0][1:]
    assert seen == sorted(made, reverse=True)
    assert fleet.api("GET", "/v1/connections?status=reauthorize").body["connections"] == []


# ---- tests of a connection ----

def ask(fleet, connection):
    return fleet.api("POST", f"/v1/connections/{connection}/test")


def test_a_connection_is_tested_by_a_worker(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 300})
    connection, _ = connecting.connect("acct-1")
    fleet.start_worker()
    answer = ask(fleet, connection)
    assert answer.status == 200 and (answer.body["ok"], answer.body["status"], answer.body["error"]) == (True, 200, None)
    fleet.simulator.dial("acct-1", "expire_token")
    assert ask(fleet, connection).body["ok"] and of(connecting, connection)["token_version"] == 2  # refreshed on the way
    fleet.simulator.dial("acct-1", "server_error", resource="contacts")
    answer = ask(fleet, connection)
    assert (answer.status, answer.body["ok"], answer.body["error"]["class"]) == (200, False, "transient")
    assert answer.body == fleet.api("GET", answer.body["href"]).body
    assert fleet.value("select count(*) from practicepanther_contacts") == 0 and fleet.results() == []
    assert fleet.messages("sync.tasks.practicepanther.dlq") == []
    fleet.sql("update connections set status = 'reauthorize' where connection_id = %s", connection)
    assert ask(fleet, connection).body["code"] == "connection_reauthorize"


def test_nobody_works_and_the_test_is_answered_later(fleet):
    connecting = Connecting(fleet, asks__wait_ms=1000)
    fleet.simulator.account("acct-1", records={"contacts": 3})
    connection, _ = connecting.connect("acct-1")
    began, answers = time.monotonic(), []
    threads = [threading.Thread(target=lambda: answers.append(ask(fleet, connection))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 1
    assert {answer.status for answer in answers} == {202} and len({answer.body["ask_id"] for answer in answers}) == 1
    where = answers[0].headers["location"]
    assert fleet.api("GET", where).status == 202
    fleet.start_worker()
    fleet.wait_until(lambda: fleet.api("GET", where).status == 200, what="the answer")
    assert fleet.api("GET", where).body["ok"] is True


def refreshed(fleet, connection):
    """Whoever wants new tokens now calls ask_connection as the route of a test does."""
    body = json.loads(fleet.value("select body from ask_connection(uuid_v7(), null, %s, 'refresh', null, null)", connection))
    fleet.sql("update sync_tasks set due_at = now() where task_id = %s", body["ask_id"])  # nobody has sent its message
    return fleet.wait_until(lambda: (answer := fleet.api("GET", body["href"])).status == 200 and answer.body, what="the answer")


def test_tokens_are_refreshed_on_demand(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 3})
    connection, _ = connecting.connect("acct-1")
    fleet.start_worker()
    for version in (2, 3):  # however good the old ones are
        told = refreshed(fleet, connection)
        assert (told["ok"], told["status"], told["answer"], told["error"]) == (True, 200, None, None)
        assert of(connecting, connection)["token_version"] == version
    assert [call["path"] for call in fleet.simulator.log("acct-1")] == ["/oauth/token"] * 3  # the code, and twice
    fleet.simulator.dial("acct-1", "server_error", resource="token")
    told = refreshed(fleet, connection)
    assert (told["ok"], told["error"]["class"]) == (False, "transient") and of(connecting, connection)["status"] == "active"
    fleet.simulator.dial("acct-1", "unauthorized", resource="token")
    told = refreshed(fleet, connection)
    assert (told["ok"], told["error"]["class"]) == (False, "auth") and of(connecting, connection)["status"] == "reauthorize"
    assert fleet.value("select count(*) from practicepanther_contacts") == 0 and fleet.results() == []


def test_tokens_that_are_not_refreshed(fleet, connecting):
    connection = create(fleet, 201, provider="bench", access_token="x").body["connection_id"]
    fleet.start_worker()
    assert refreshed(fleet, connection)["error"] == {"class": "permanent", "message": "tokens of this provider are not refreshed"}


# ---- disconnecting ----

def test_a_disconnected_account_is_left_alone(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 3000}, latency_ms=50)
    connection, _ = connecting.connect("acct-1")
    fleet.start_worker()
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection, "mode": "full"}).body["sync_id"]
    fleet.wait_until(lambda: fleet.value("select bool_or(page > 0) from sync_tasks"), what="a page")
    gone = fleet.api("DELETE", f"/v1/connections/{connection}")
    assert gone.status == 200 and (gone.body["status"], gone.body["revocation"]) == ("disconnected", "unsupported")
    fleet.wait_for_sync(sync, state="cancelled")
    (row,) = connecting.rows()
    assert bytes(row["secret"]) == b"" and row["token_expires_at"] is None and row["token_version"] == 2
    asked = len(fleet.simulator.log("acct-1"))
    assert fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection}).status == 409
    again = fleet.api("DELETE", f"/v1/connections/{connection}")
    assert (again.status, again.body["revocation"]) == (200, "done_before")
    assert len(fleet.simulator.log("acct-1")) <= asked + 3  # calls that were under way
    assert [event["event_type"] for event in connecting.events()] == ["connection.connected", "connection.disconnected"]
    fleet.ctl("secrets", "rotate")  # what is wiped stays so


def test_tokens_are_withdrawn_where_the_provider_can(fleet, connecting):
    fleet.simulator.account("z-1", zoho={})
    connection, _ = connecting.connect("z-1", provider="zoho")
    assert fleet.api("DELETE", f"/v1/connections/{connection}").body["revocation"] == "done"
    (asked,) = [entry for entry in fleet.simulator.log("z-1") if entry["path"].endswith("/revoke")]
    assert asked["status"] == 200
    assert connecting.come_back(state=connecting.state(provider="zoho", external_id="z-1"), code="code-z-1-1").query == {
        "error": "code_refused"}


def test_a_refused_refresh_is_told(fleet, connecting):
    fleet.simulator.account("acct-1", records={"contacts": 30})
    connection, _ = connecting.connect("acct-1")
    fleet.simulator.dial("acct-1", "unauthorized", resource="token", times=-1)
    fleet.sql("update connections set token_expires_at = now()")
    fleet.start_worker()
    sync = fleet.api("POST", "/v1/syncs", {"provider": "practicepanther", "connection_id": connection,
                                           "resources": ["contacts"]}).body["sync_id"]
    fleet.wait_for_sync(sync, state="failed")
    shown = of(connecting, connection)
    assert shown["status"] == "reauthorize" and "grant" in shown["status_reason"]
    event = connecting.events()[-1]
    assert (event["event_type"], event["reason"]) == ("connection.reauthorize", shown["status_reason"])
