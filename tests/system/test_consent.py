# SPDX-License-Identifier: Apache-2.0
"""Accounts are connected at a real authorisation server, by a person's browser: PKCE is its to verify, codes are its to
refuse, and a worker lives on the tokens that it gave."""
import json

import pytest

from harness.authorisation_server import CONTACTS, USER
from harness.consenting import Authorisation, Person

DECLARATION = """
name = "bench";
base_url = "%(url)s";
auth = {
  kind = "oauth2";
  authorize_url = "%(url)s/o/authorize/";
  token_url = "%(url)s/o/token/";
  revoke_url = "%(url)s/o/revoke_token/";
  account = { path = "sub"; url = "%(url)s/userinfo"; };
  scopes = ["contacts", "profile"];
  client = "basic";
  rotating = true;
  refresh_early_s = 300;  # its tokens live for a minute: each walk begins with a refresh
};
asks = ({ name = "test"; path = "/userinfo"; }, { name = "who"; path = "/userinfo"; }, { name = "lost"; path = "/nowhere"; },
  { name = "part"; path = "/api/contacts"; params = ({ name = "cursor"; value = "${ask.from}"; }); });
resources = ({
  name = "contacts"; table = "bench_contacts"; path = "/api/contacts";
  params = ({ name = "cursor"; value = "${cursor}"; });
  records = "data"; id = ["id"]; keep_payload = false;
  paging = { strategy = "cursor"; next = "next_cursor"; stop = "cursor"; };
  columns = ({ name = "name"; path = "name"; type = "text"; });
});
"""


@pytest.fixture(scope="module")
def server(ledger):
    made = Authorisation(ledger, ledger.make_folder(), "bench", DECLARATION)
    yield made
    made.process.stop()


@pytest.fixture
def person(fleet, server):
    fleet.start_producer(**server.settings)
    return Person(fleet)


def connections(fleet):
    return fleet.sql("select * from connections order by connection_id")


def test_consent_sync_refresh_and_withdrawal(fleet, server, person):
    end = person.connect()
    assert end["result"] == "created"
    shown = fleet.api("GET", f"/v1/connections/{end['connection_id']}").body
    assert (shown["external_id"], shown["status"], shown["token_version"]) == ("user-1", "active", 1)  # the server said whose
    fleet.start_worker(providers__dir=server.providers, providers__origins=None)
    for version in (2, 3):
        sync = fleet.api("POST", "/v1/syncs", {"provider": "bench", "connection_id": end["connection_id"], "mode": "full"}).body["sync_id"]
        fleet.wait_for_sync(sync, state="completed")
        (row,) = connections(fleet)
        assert row["token_version"] == version  # each walk by the refresh token that the one before it got
    names = {row["name"] for row in fleet.sql("select name from bench_contacts")}
    assert names == {f"ada's contact {n}" for n in range(CONTACTS)}
    assert fleet.api("POST", f"/v1/connections/{end['connection_id']}/test").body["ok"] is True
    assert fleet.api("DELETE", f"/v1/connections/{end['connection_id']}").body["revocation"] == "done"
    (row,) = connections(fleet)
    assert (row["status"], bytes(row["secret"])) == ("disconnected", b"")
    said = server.process.log.read_text().split("\n")
    assert [line for line in said if "/o/revoke_token/" in line] == ["POST /o/revoke_token/ 200"]
    assert person.connect(connection_id=end["connection_id"]) == {**end, "result": "updated"}


def test_what_is_declared_is_asked(fleet, server, person):
    """Whoever waits for an answer other than a test's, calls ask_connection as the route of a test does."""
    connection = person.connect()["connection_id"]
    fleet.start_worker(providers__dir=server.providers, providers__origins=None)

    def ask(name, arguments=None):
        return json.loads(fleet.value("select body from ask_connection(uuid_v7(), null, %s, %s, %s::jsonb, null)", connection, name,
                                      arguments and json.dumps(arguments)))

    def asked(name, arguments=None):
        body = ask(name, arguments)
        return fleet.wait_until(lambda: (answer := fleet.api("GET", body["href"])).status == 200 and answer.body, what="the answer")

    tested = fleet.api("POST", f"/v1/connections/{connection}/test").body
    assert (tested["ok"], tested["answer"]) == (True, None)
    told = asked("who")
    assert (told["ok"], told["status"], told["answer"]) == (True, 200, {"sub": "user-1", "name": USER})
    parts = [asked("part", {"from": first})["answer"]["data"] for first in (CONTACTS - 1, CONTACTS - 2)]
    assert [[row["id"] for row in part] for part in parts] == [["0249"], ["0248", "0249"]]
    questions = [ask("part", arguments)["ask_id"] for arguments in ({"from": 7}, {"from": 8}, {"from": 7})]
    assert questions[0] != questions[1]  # different arguments, different questions
    assert (asked("lost")["error"], asked("unknown")["error"]) == (
        {"class": "permanent", "message": "HTTP 404"}, {"class": "permanent", "message": "provider bench declares no resource ask_unknown"})
    assert fleet.value("select count(*) from bench_contacts") == 0


def test_a_denied_consent(fleet, person):
    assert person.come_back(person.consent(person.begin(), allow=False)) == {"error": "access_denied"}
    assert connections(fleet) == []


def test_pkce_is_verified_by_the_server(fleet, person):
    url = person.begin()
    challenge = url.partition("code_challenge=")[2].partition("&")[0]
    others = url.replace(challenge, challenge[::-1])  # as if the code were somebody else's
    assert person.come_back(person.consent(others)) == {"error": "code_refused"}
    without = person.begin().replace("code_challenge=", "no_challenge=").replace("code_challenge_method=", "no_method=")
    assert person.come_back(person.consent(without)) == {"error": "authorization_failed"}
    assert connections(fleet) == []


def test_a_code_and_a_state_are_good_once(fleet, person):
    callback = person.consent(person.begin())
    assert person.come_back(callback)["result"] == "created"
    assert person.come_back(callback) == {"error": "state_used"}
    code = callback.partition("code=")[2].partition("&")[0]
    fresh = person.consent(person.begin())
    spent = fresh.replace(fresh.partition("code=")[2].partition("&")[0], code)
    assert person.come_back(spent) == {"error": "code_refused"}
    forged = fresh.replace("state=", "state=A")
    assert json.loads(person.browser.get(forged).text)["code"] == "state_forged"
    late = person.consent(person.begin())
    fleet.sql("update oauth_states set expires_at = now() where spent_at is null")
    assert person.come_back(late) == {"error": "state_expired"}
    assert [row["token_version"] for row in connections(fleet)] == [1]


def test_the_same_account_again_another_one_and_another_tenants(fleet, person):
    first, again = person.connect(), person.connect()
    assert again == {"connection_id": first["connection_id"], "result": "updated"}
    assert person.connect(external_id="user-2") == {"error": "wrong_account"}
    other = Person(fleet, fleet.new_tenant("second")).connect()
    assert other["result"] == "created" and other["connection_id"] != first["connection_id"]
    assert [(row["external_id"], row["token_version"]) for row in connections(fleet)] == [("user-1", 2), ("user-1", 1)]
