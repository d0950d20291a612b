# SPDX-License-Identifier: Apache-2.0
"""The simulated HighLevel: what it answers is what its official description says (tests/specs/highlevel)."""
import json
import pathlib
import re
import urllib.parse
from datetime import datetime

import jsonschema
import pytest

from test_simulator import port, sim  # noqa: F401 (fixtures)

SPECS = pathlib.Path(__file__).parents[1] / "specs" / "highlevel"
CALLS = "/voice-ai/dashboard/call-logs"
LINES = {"2021-04-15": ("voice-ai.json", "oauth.json"), "v3": ("voice-ai-v3.json", "oauth-v3.json")}
FORM = {"user_type": "Location", "client_id": "c", "client_secret": "s"}


class Spec:
    """An OpenAPI file, whose schemas answers are held against."""

    def __init__(self, name):
        self.files, self.name = {}, name

    def _file(self, name):
        if name not in self.files:
            self.files[name] = json.loads((SPECS / name).read_text())
        return self.files[name]

    def _inlined(self, node, name):
        if isinstance(node, list):
            return [self._inlined(each, name) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            where, _, path = node["$ref"].partition("#/")
            name = pathlib.Path(where).name or name
            found = self._file(name)
            for part in path.split("/"):
                found = found[part]
            return self._inlined(found, name)
        # Two of the kinds of parameters have the same schema, so that none is ever exactly one of them.
        return {{"oneOf": "anyOf"}.get(key, key): self._inlined(value, name) for key, value in node.items()
                if key not in ("example", "examples")}

    def check(self, path, method, status, body):
        response = self._file(self.name)["paths"][path][method]["responses"][str(status)]
        schema = self._inlined(response["content"]["application/json"]["schema"], self.name)
        jsonschema.validate(json.loads(body), schema, format_checker=jsonschema.FormatChecker())

    def parameters(self, path):
        return {each["name"]: each for each in self._file(self.name)["paths"][path]["get"]["parameters"]}


@pytest.fixture(params=LINES)
def line(request):
    return request.param


@pytest.fixture
def location(sim):  # noqa: F811
    sim.account("loc-7", records={"call_logs": 130})
    return sim


def ask(sim, version="2021-04-15", status=200, path=CALLS, token="at-loc-7-1", **query):  # noqa: F811
    headers = {"Authorization": f"Bearer {token}", **({"Version": version} if version else {})}
    asked = urllib.parse.urlencode({"locationId": "loc-7", **query})
    got, head, text = sim.call("GET", f"{path}?{asked}", headers=headers)
    assert got == status, text
    if status in (200, 400, 401) and version in LINES and path.startswith(CALLS):
        Spec(LINES[version][0]).check(CALLS if path == CALLS else CALLS + "/{callId}", "get", status, text)
    return json.loads(text), head


def walk(sim, **query):  # noqa: F811
    page, found = 1, []
    while True:
        answer, _ = ask(sim, page=page, pageSize=50, sortBy="createdAt", sort="ascend", **query)
        found += answer["callLogs"]
        if page * 50 >= answer["total"]:
            return found
        page += 1


def test_pages_are_as_described(location, line):
    answer, _ = ask(location, line, page=2, pageSize=50, sortBy="createdAt", sort="ascend")
    assert (answer["total"], answer["page"], answer["pageSize"], len(answer["callLogs"])) == (130, 2, 50, 50)
    assert len(ask(location, line)[0]["callLogs"]) == 10  # by default
    assert len(ask(location, line, page=13)[0]["callLogs"]) == 10
    assert ask(location, line, page=14, pageSize=10)[0]["callLogs"] == []


def test_every_call_once_from_old_to_new(location):
    calls = walk(location)
    made = [call["createdAt"] for call in calls]
    assert len({call["id"] for call in calls}) == 130 and made == sorted(made)
    assert [call["id"] for call in calls] == [row["id"] for row in location.get("/control/accounts/loc-7/rows?resource=call_logs&n=130")]
    newest = ask(location)[0]["callLogs"]
    assert [call["id"] for call in newest] == [call["id"] for call in reversed(calls)][:10]


def test_what_is_odd_about_calls(location):
    calls = walk(location)
    actions = [action for call in calls for action in call["executedCallActions"]]
    assert {"CALL_TRANSFER", "SMS", "CUSTOM_ACTION"} <= {action["actionType"] for action in actions}
    assert {isinstance(call["duration"], float) for call in calls} == {True, False}
    for field in ("contactId", "fromNumber", "translation", "extractedData"):
        assert 0 < sum(field in call for call in calls) < 130, field
    assert any(set(call.get("translation", {})) == {"translatedTranscript"} for call in calls)
    custom = next(action for action in actions if action["actionType"] == "CUSTOM_ACTION")["actionParameters"]["apiDetails"]
    assert custom["authenticationValue"].startswith("third-party-key-") and custom["headers"][1]["key"] == "Authorization"


def ms(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def test_windows_of_time_join(location):
    calls = walk(location)
    first, middle, last = ms(calls[0]["createdAt"]), ms(calls[60]["createdAt"]), ms(calls[-1]["createdAt"]) + 1
    older, newer = walk(location, startDate=first, endDate=middle), walk(location, startDate=middle, endDate=last)
    assert older + newer == calls and len(older) == 60


def test_filters(location):
    live, trial = walk(location, callType="LIVE"), walk(location, callType="TRIAL")
    assert len(live) + len(trial) == 130 and trial and all(call["trialCall"] for call in trial)


@pytest.mark.parametrize("query", [
    {"pageSize": 51}, {"page": 0}, {"startDate": 1}, {"endDate": 1}, {"startDate": 2, "endDate": 2}, {"startDate": "x", "endDate": 2},
    {"callType": "X"}, {"sortBy": "x"}, {"sortBy": "createdAt", "sort": "up"}, {"locationId": ""}, {"agentId": "x"}])
def test_refusals(location, query):
    answer, _ = ask(location, status=422, **query)
    assert answer["statusCode"] == 422 and isinstance(answer["message"], list) and answer["error"] == "Unprocessable Entity"


def test_the_version_is_needed(location):
    assert ask(location, None, 401)[0]["message"] == "version header was not found."
    assert ask(location, "2021-07-28", 401)[0]["statusCode"] == 401


def test_who_may_not_ask(location, line):
    assert ask(location, line, 401, token="at-nobody-1")[0]["message"] == "Invalid JWT"
    assert ask(location, line, 403, locationId="loc-8")[0]["message"] == "The token does not have access to this location."
    for setting, status, message in (("unscoped", 401, "The token is not authorized for this scope."),
                                     ("paused", 400, "Location is not active"),
                                     ("revoked", 401, "Invalid token: access token is invalid")):
        location.account("loc-7", highlevel={setting: True})
        assert ask(location, line, status)[0]["message"] == message
        location.account("loc-7", highlevel={setting: False})
    grant(location, refresh_token="rt-loc-7-1")
    assert ask(location, line, 401)[0]["message"] == "Invalid token: access token is invalid"


def test_one_call(location, line):
    call = walk(location)[5]
    assert ask(location, line, path=f"{CALLS}/{call['id']}")[0] == call
    ask(location, line, 404, path=f"{CALLS}/{'0' * 24}")


def test_what_a_location_is_called(location):
    answer, _ = ask(location, "2021-07-28", path="/locations/loc-7")
    assert answer["location"] == {"id": "loc-7", "companyId": "company-0", "name": "Office of loc-7"}
    assert ask(location, "v3", path="/locations/loc-7", status=200)[0] == answer
    ask(location, "2021-07-28", 403, path="/locations/loc-8")


def test_the_rate_is_told_and_kept(location):
    location.account("loc-7", highlevel={"rate_max": 3, "rate_ms": 60000})
    left = [ask(location)[1]["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    _, head = ask(location, status=429)
    assert (head["X-RateLimit-Max"], head["X-RateLimit-Interval-Milliseconds"], head["X-RateLimit-Daily-Remaining"]) == ("3", "60000", "199997")


def test_what_comes_later(location):
    before = walk(location)
    location.account("loc-7", version=2, changed_share=0.5)
    after = walk(location)
    changed = [old["id"] for old, new in zip(before, after) if old != new]
    assert 50 < len(changed) < 80 and [call["createdAt"] for call in before] == [call["createdAt"] for call in after]
    location.account("loc-7", records={"call_logs": 132}, clock_skew=-1)
    assert len(walk(location)) == 132


# ---- tokens ----

def grant(sim, status=200, **form):  # noqa: F811
    got, _, text = sim.call("POST", "/oauth/token", urllib.parse.urlencode({**FORM, "grant_type": "refresh_token", **form}))
    assert got == status, text
    Spec("oauth.json").check("/oauth/token", "post", status, text)
    return json.loads(text)


def grant_v3(sim, status=200, **body):  # noqa: F811
    whole = {"clientId": "c", "clientSecret": "s", "grantType": "refresh_token", **body}
    got, _, text = sim.call("POST", "/oauth/token", whole, {"Version": "v3", "Content-Type": "application/json"})
    form, _, same = sim.call("POST", "/oauth/token", urllib.parse.urlencode(whole), {"Version": "v3"})
    assert got == status and form == (400 if status == 200 else status) and json.loads(same)["statusCode"] == 400, text
    Spec("oauth-v3.json").check("/oauth/token", "post", status, text)
    return json.loads(text)


def test_tokens_rotate_in_both_lines(location):
    first = grant(location, grant_type="authorization_code", code="code-loc-7-1")
    assert (first["access_token"], first["refresh_token"], first["locationId"]) == ("at-loc-7-2", "rt-loc-7-2", "loc-7")
    assert grant(location, 400, refresh_token="rt-loc-7-1")["message"] == "Invalid grant: refresh token is invalid"
    second = grant_v3(location, refreshToken="rt-loc-7-2")
    assert (second["accessToken"], second["refreshToken"]) == ("at-loc-7-3", "rt-loc-7-3") and "access_token" not in second
    location.account("loc-7", highlevel={"camel": True})
    assert grant(location, refresh_token="rt-loc-7-3")["accessToken"] == "at-loc-7-4"  # v3's words at the old address


def test_the_location_is_left_out_now_and_then(location):
    told = ["locationId" in grant(location, refresh_token=f"rt-loc-7-{n}") for n in range(1, 5)]
    assert told == [False, True, False, True]
    location.account("loc-7", highlevel={"location": "never"})
    answer = grant(location, grant_type="authorization_code", code="code-loc-7-5")
    assert "locationId" not in answer and answer["userId"] == "user-of-loc-7"


def test_what_is_refused(location):
    location.account("loc-7", highlevel={"paused": True})
    assert grant(location, 400, refresh_token="rt-loc-7-1")["message"] == "Location is not active"
    location.account("loc-7", highlevel={"paused": False})
    assert grant(location, 400, refresh_token="")["message"] == "Missing parameter: refresh_token"
    assert grant(location, 400, grant_type="password")["message"] == "Invalid parameter: grant_type"
    assert grant(location, 400, client_id="")["message"] == "Missing parameter: client_id"
    assert grant_v3(location, 400, clientSecret="")["message"] == "Missing parameter: clientSecret"
    grant(location, refresh_token="rt-loc-7-1")  # nothing was spent


def test_our_requests_are_the_described_ones(line):
    """What the declaration sends is what the description knows, and nothing that it needs is missing."""
    text = (pathlib.Path(__file__).parents[2] / "common" / "providers" / "highlevel.cfg").read_text()
    calls = text[text.index("resources ="):]
    sent = set(re.findall(r'name = "(\w+)"; value', calls[:calls.index("records =")]))
    known = Spec(LINES[line][0]).parameters(CALLS)
    assert sent <= set(known) and {name for name, each in known.items() if each["required"]} <= sent
    assert f'value = "{known["Version"]["schema"]["enum"][0]}"' in text
