# SPDX-License-Identifier: Apache-2.0
"""The simulated Gmail and Calendar: their answers are what Google's discovery documents say (tests/specs/google), and lists,
changes, batches and tokens behave as the documents' prose tells."""
import base64
import datetime
import json
import pathlib
import re
import urllib.parse

import pytest

from test_simulator import port, sim  # noqa: F401 (fixtures)

SPECS = pathlib.Path(__file__).parents[1] / "specs" / "google"
DOCUMENTS = {name: json.loads((SPECS / f"{name}.json").read_text()) for name in ("gmail.v1", "calendar.v3", "oauth2.v2")}
MAIL, CALENDAR = "/gmail/v1/users/me", "/calendar/v3"
TOKEN = {"Authorization": "Bearer at-g-1"}


# ---- the discovery documents' schemas ----

FORMATS = {"uint64": r"\d{1,20}", "int64": r"-?\d{1,19}", "byte": r"[A-Za-z0-9_-]*={0,2}", "date": r"\d{4}-\d\d-\d\d",
           "date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"}
TYPES = {"string": str, "boolean": bool, "array": list, "object": dict, "number": (int, float)}
RANGES = {"int32": (-2**31, 2**31 - 1), "uint32": (0, 2**32 - 1), None: (-2**53, 2**53)}


def faults(value, schema, schemas, at="$"):
    """What a value has that its schema does not say; nothing is required there, so absent members are no fault."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type")
    if kind == "any":
        return
    if kind == "integer":
        low, high = RANGES[schema.get("format")]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            yield f"{at}: {value!r} is no {schema.get('format', 'integer')}"
    elif not isinstance(value, TYPES[kind]):
        yield f"{at}: {value!r} is no {kind}"
    elif kind == "string":
        if not re.fullmatch(FORMATS.get(schema.get("format"), r"(?s:.*)"), value):
            yield f"{at}: {value!r} is no {schema['format']}"
    elif kind == "array":
        for n, one in enumerate(value):
            yield from faults(one, schema["items"], schemas, f"{at}[{n}]")
    elif kind == "object":
        for key, one in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if inner is None:
                yield f"{at}.{key}: not in the document"
            else:
                yield from faults(one, inner, schemas, f"{at}.{key}")


def methods(resource):
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


def described(document, path, query):
    """The method that the document has at this path, and what is wrong with the parameters."""
    for method in methods(document):
        # gmail's paths are whole, calendar's and oauth2's relative to servicePath
        whole = method["path"] if method["path"].startswith(document["servicePath"]) else document["servicePath"] + method["path"]
        pattern = re.sub(r"\{[^}]*\}", "[^/]+", whole)
        if method["httpMethod"] == "GET" and re.fullmatch("/" + pattern, path):
            return method, sorted(set(query) - set(method.get("parameters", {})) - set(document["parameters"]))
    raise AssertionError(f"{path}: no such method")


def check(path, query, answer):
    name = "gmail.v1" if "/gmail/" in path else "calendar.v3" if "/calendar/" in path else "oauth2.v2"
    method, unknown = described(DOCUMENTS[name], path, query)
    assert not unknown
    found = list(faults(answer, {"$ref": method["response"]["$ref"]}, DOCUMENTS[name]["schemas"]))
    assert not found, found[:5]


def test_the_walk_over_schemas_finds_faults():
    gmail, calendar = DOCUMENTS["gmail.v1"]["schemas"], DOCUMENTS["calendar.v3"]["schemas"]
    message, events = {"$ref": "Message"}, {"$ref": "Events"}
    assert not list(faults({"id": "1", "historyId": "12", "payload": {"parts": [{"body": {"size": 3}}]}}, message, gmail))
    for wrong in ({"historyId": 12}, {"historyId": "x"}, {"labelIds": "INBOX"}, {"mail": 1}, {"sizeEstimate": "3"},
                  {"sizeEstimate": 2**31}, {"payload": {"parts": [{"body": {"size": "3"}}]}}):
        assert len(list(faults(wrong, message, gmail))) == 1, wrong
    for wrong in ({"items": [{"start": {"date": "2026-11-21T10:00:00Z"}}]}, {"items": [{"start": {"dateTime": "2026-11-21T10:00:00"}}]},
                  {"items": {}}, {"items": [{"attendees": [{"self": "true"}]}]}):
        assert len(list(faults(wrong, events, calendar))) == 1, wrong


# ---- asking ----

def ask(sim, path, status=200, headers=None, **query):  # noqa: F811
    got, _, text = sim.call("GET", f"{path}?{urllib.parse.urlencode(query, doseq=True)}", headers={**TOKEN, **(headers or {})})
    assert got == status, text
    answer = json.loads(text)
    if status == 200:
        check(urllib.parse.unquote(path), query, answer)
    else:
        assert answer["error"]["code"] == status
    return answer


def reason(answer):
    return answer["error"]["errors"][0]["reason"]


def rows(sim, resource):  # noqa: F811
    return sim.get(f"/control/accounts/g/rows?resource={resource}&n=100000")


@pytest.fixture
def box(sim):  # noqa: F811
    sim.account("g", records={"messages": 230, "calendars": 3, "events": 240})
    return sim


def walk(sim, path, **query):  # noqa: F811
    answer = ask(sim, path, **query)
    yield answer
    while "nextPageToken" in answer:
        answer = ask(sim, path, **query, pageToken=answer["nextPageToken"])
        yield answer


def listed(sim, **query):  # noqa: F811
    return [message["id"] for page in walk(sim, f"{MAIL}/messages", includeSpamTrash="true", **query) for message in page.get("messages", [])]


# ---- mail ----

def test_messages_are_listed_once_newest_first(box):
    ids = listed(box, maxResults=100)
    assert ids == [row["id"] for row in reversed(rows(box, "messages"))]
    assert len(ask(box, f"{MAIL}/messages", maxResults=9999)["messages"]) <= 500
    plain = ask(box, f"{MAIL}/messages", maxResults=500)["messages"]
    hidden = [row["id"] for row in rows(box, "messages") if {"SPAM", "TRASH"} & set(row["labelIds"])]
    assert hidden and {message["id"] for message in plain} == set(ids) - set(hidden)
    assert set(listed(box, labelIds=["INBOX", "UNREAD"])) == {row["id"] for row in rows(box, "messages") if {"INBOX", "UNREAD"} <= set(row["labelIds"])}


def test_an_empty_mailbox_has_no_messages_key(sim):  # noqa: F811
    sim.account("g", records={"messages": 0})
    assert ask(sim, f"{MAIL}/messages") == {"resultSizeEstimate": 0}


@pytest.mark.parametrize("form", ["full", "metadata", "minimal", "raw"])
def test_every_message_is_as_described(box, form):
    for row in rows(box, "messages"):
        message = ask(box, f"{MAIL}/messages/{row['id']}", format=form)
        assert ("payload" in message, "raw" in message) == (form in ("full", "metadata"), form == "raw")
        if form == "full":
            assert message == row


def test_messages_have_what_mail_has(box):
    messages = rows(box, "messages")
    headers = [{header["name"].lower(): header["value"] for header in row["payload"]["headers"]} for row in messages]
    assert any("subject" not in one for one in headers) and all("from" in one and "date" in one for one in headers)
    assert any(header["name"] == "subject" for row in messages for header in row["payload"]["headers"])
    assert any(part.get("filename") for row in messages for part in row["payload"].get("parts", []))
    text = next(row for row in messages if "parts" not in row["payload"])["payload"]["body"]
    data = base64.urlsafe_b64decode(text["data"] + "=" * (-len(text["data"]) % 4))
    assert len(data) == text["size"] and data.startswith(b"Message") and "=" not in text["data"]
    assert {len(row["id"]) for row in messages} == {16} and len({row["threadId"] for row in messages}) == 77
    times = [int(row["internalDate"]) for row in messages]
    assert times == sorted(times)


def test_what_is_no_message_of_the_account(box):
    one = rows(box, "messages")[5]["id"]
    box.account("g", removed={"messages": [5]})
    box.account("h", records={"messages": 9})
    for id in (one, "nonsense", box.get("/control/accounts/h/rows?resource=messages")[0]["id"]):
        assert reason(ask(box, f"{MAIL}/messages/{id}", 404)) == "notFound"
    assert reason(ask(box, "/gmail/v1/users/h@example.com/messages", 403)) == "forbidden"
    assert ask(box, "/gmail/v1/users/g@example.com/profile")["emailAddress"] == "g@example.com"
    assert reason(ask(box, f"{MAIL}/messages", 400, pageToken="nonsense")) == "invalidArgument"


def now(sim):  # noqa: F811
    return ask(sim, f"{MAIL}/profile")["historyId"]


def history(sim, since, **query):  # noqa: F811
    pages = list(walk(sim, f"{MAIL}/history", startHistoryId=since, **query))
    return [entry for page in pages for entry in page.get("history", [])], pages


def test_history_tells_every_change(box):
    since, before = now(box), rows(box, "messages")
    assert history(box, since)[1] == [{"historyId": since}]
    box.account("g", records={"messages": 232})
    box.account("g", removed={"messages": [3]})
    box.account("g", google={"labels": [{"message": 8, "add": ["STARRED"], "remove": ["INBOX"]}]})
    entries, pages = history(box, since, maxResults=2)
    added = [entry["messagesAdded"][0]["message"]["id"] for entry in entries if "messagesAdded" in entry]
    assert added == [row["id"] for row in rows(box, "messages")[-2:]]
    assert [e["messagesDeleted"][0]["message"]["id"] for e in entries if "messagesDeleted" in e] == [before[3]["id"]]
    gained = [e["labelsAdded"][0] for e in entries if "labelsAdded" in e]
    lost = [e["labelsRemoved"][0] for e in entries if "labelsRemoved" in e]
    assert {one["message"]["id"] for one in gained + lost} == {before[8]["id"]}
    assert lost[0]["labelIds"] == ["INBOX"] and "STARRED" in rows(box, "messages")[7]["labelIds"]
    numbers = [int(entry["id"]) for entry in entries]
    assert numbers == sorted(set(numbers)) and len(pages) == 2
    assert {page["historyId"] for page in pages} == {now(box)} and int(now(box)) == numbers[-1]


def test_history_by_type_leads_over_pages_without_history(box):
    since = now(box)
    box.account("g", version=2, changed_share=0.5)
    box.account("g", removed={"messages": [0, 1, 2]})
    entries, pages = history(box, since, historyTypes="messageDeleted", maxResults=50)
    assert len(entries) == 3 and any("history" not in page and "nextPageToken" in page for page in pages)
    assert all(set(entry) == {"id", "messages", "messagesDeleted"} for entry in entries)
    entries, _ = history(box, since, historyTypes=["labelAdded"])
    assert len(entries) == 115 and all("labelsAdded" in entry for entry in entries)


def test_history_that_is_too_old_or_unknown(box):
    row, since = rows(box, "messages")[-1], now(box)
    for start in (row["historyId"], int(since) + 1):  # that of the newest message is no place to begin
        assert ask(box, f"{MAIL}/history", 404, startHistoryId=start)["error"]["status"] == "NOT_FOUND"
    ask(box, f"{MAIL}/history", 400)
    box.account("g", google={"expire_history": True})
    ask(box, f"{MAIL}/history", 404, startHistoryId=since)
    assert history(box, now(box))[0] == []


# ---- batches ----

def batch(sim, paths, status=200, path="/batch/gmail/v1", token="at-g-1", **headers):  # noqa: F811
    """The parts of the answer as (Content-ID, status, JSON)."""
    parts = "".join(f"--b_1\r\nContent-Type: application/http\r\nContent-ID: <item-{n}>\r\n\r\nGET {one} HTTP/1.1\r\nAccept: */*\r\n\r\n\r\n"
                    for n, one in enumerate(paths))
    got, fields, text = sim.call("POST", path, parts + "--b_1--\r\n", {
        "Authorization": f"Bearer {token}", "Content-Type": 'multipart/mixed; boundary="b_1"', **headers})
    assert got == status, text
    if status != 200:
        return json.loads(text)
    boundary = re.fullmatch(r"multipart/mixed; boundary=(\S+)", fields["Content-Type"])[1]
    assert text.endswith(f"--{boundary}--\r\n")
    answers = []
    for part in text.split(f"--{boundary}\r\n")[1:]:
        head, inner, body = part.split("\r\n\r\n", 2)
        id = re.search(r"Content-ID: (\S+)", head)
        answers.append((id and id[1], int(inner.split()[1]), json.loads(body.split(f"\r\n--{boundary}--")[0])))
    return answers


def test_a_batch_answers_each_part(box):
    wanted = [f"{MAIL}/messages/{row['id']}?format=full" for row in rows(box, "messages")[:50]]
    answers = batch(box, wanted)
    assert [id for id, _, _ in answers] == [f"<response-item-{n}>" for n in range(50)]
    assert [body for _, _, body in answers] == rows(box, "messages")[:50]
    box.account("g", removed={"messages": [1]})
    assert [status for _, status, _ in batch(box, wanted[:3])] == [200, 404, 200]
    log = [entry for entry in box.log(account="g") if entry["path"].startswith(f"{MAIL}/messages/")]
    assert [entry["status"] for entry in log[-3:]] == [200, 404, 200]


def test_batches_that_are_refused(box):
    one = f"{MAIL}/profile"
    assert len(batch(box, [one] * 100)) == 100
    assert "100" in batch(box, [one] * 101, 400)["error"]["message"]
    assert batch(box, [], 400)["error"]["code"] == 400
    assert batch(box, [one], 400, **{"Content-Type": "application/json"})["error"]["code"] == 400
    assert batch(box, [one], 401, token="at-nobody-1")["error"]["code"] == 401
    assert batch(box, ["/control/accounts/g"])[0][1] == 404


def test_a_token_that_is_over_fails_the_parts(box):
    box.account("g", expires_in=0)
    assert [status for _, status, _ in batch(box, [f"{MAIL}/profile"] * 2)] == [401, 401]


def test_dials_of_batches(box):
    paths = [f"{MAIL}/messages/{row['id']}" for row in rows(box, "messages")[:5]]
    box.dial("g", {"dial": "throttle", "call": "get", "status": 403, "after": 1, "times": 2})
    answers = batch(box, paths)
    assert [status for _, status, _ in answers] == [200, 403, 403, 200, 200] and reason(answers[1][2]) == "rateLimitExceeded"
    box.dial("g", {"dial": "reordered_rows", "call": "batch"}, {"dial": "missing_parts", "call": "batch", "after": 1, "rows": 2})
    assert [id for id, _, _ in batch(box, paths)] == [f"<response-item-{n}>" for n in range(4, -1, -1)]
    assert len(batch(box, paths)) == 3
    box.dial("g", {"dial": "throttle", "resource": "messages"})
    assert reason(batch(box, paths, 429)) == "rateLimitExceeded"


def test_messages_that_vanish_between_list_and_get(box):
    box.dial("g", {"dial": "vanished_rows", "call": "list", "rows": 3})
    ids = [message["id"] for message in ask(box, f"{MAIL}/messages", maxResults=10, includeSpamTrash="true")["messages"]]
    assert [status for _, status, _ in batch(box, [f"{MAIL}/messages/{id}" for id in ids])] == [404] * 3 + [200] * 7
    assert len(rows(box, "messages")) == 227


def test_quota_units(box):
    box.account("g", limits=[{"name": "user", "kind": "quota", "count": 100, "period_ms": 60000, "units": True}])
    paths = [f"{MAIL}/messages/{row['id']}" for row in rows(box, "messages")[:5]]
    ask(box, f"{MAIL}/messages")  # 5, then 20 each
    answers = batch(box, paths)
    assert [status for _, status, _ in answers] == [200, 200, 200, 200, 403] and reason(answers[4][2]) == "rateLimitExceeded"
    assert reason(ask(box, f"{MAIL}/messages/{rows(box, 'messages')[0]['id']}", 403)) == "rateLimitExceeded"
    limit = box.get("/control/accounts/g")["limits"][0]
    assert (limit["spent"], limit["refused"]) == (85, 2)


# ---- calendars ----

def calendars(sim):  # noqa: F811
    return [calendar["id"] for page in walk(sim, f"{CALENDAR}/users/me/calendarList", maxResults=2) for calendar in page["items"]]


def events(sim, calendar, **query):  # noqa: F811
    path = f"{CALENDAR}/calendars/{urllib.parse.quote(calendar, safe='')}/events"
    query = {"singleEvents": "true", "showDeleted": "true", "maxResults": 20, **query}
    pages = list(walk(sim, path, **query))
    assert all(("nextPageToken" in page) != ("nextSyncToken" in page) for page in pages)
    return [event for page in pages for event in page["items"]], pages[-1]["nextSyncToken"]


def test_calendars(box):
    ids = calendars(box)
    assert ids == [row["id"] for row in rows(box, "calendars")] and ids[0] == "g@example.com" and "#" in ids[2]
    token = ask(box, f"{CALENDAR}/users/me/calendarList")["nextSyncToken"]
    box.account("g", removed={"calendars": [1]})
    delta = ask(box, f"{CALENDAR}/users/me/calendarList", syncToken=token)
    assert [(one["id"], one["deleted"]) for one in delta["items"]] == [(ids[1], True)]
    assert reason(ask(box, f"{CALENDAR}/calendars/{ids[1]}/events", 404)) == "notFound"
    assert not any(row["calendarId"] == ids[1] for row in rows(box, "events"))


def test_events_of_all_calendars_are_the_rows(box):
    found = []
    for calendar in calendars(box):
        items, _ = events(box, calendar)
        found += [{"calendarId": calendar, **item} for item in items if item["status"] != "cancelled"]
    def key(row):
        return row["calendarId"], row["id"]
    assert sorted(found, key=key) == sorted(rows(box, "events"), key=key)
    assert len({row["id"] for row in found}) < len(found)  # an invitation in two calendars
    digest = box.get("/control/accounts/g/rows/digest?resource=events")
    assert digest["count"] == len(found) and set(digest["ids"]) == {"/".join(key(row)) for row in found}


def test_events_are_what_calendars_have(box):
    items, _ = events(box, "primary")
    days = [item for item in items if "date" in item.get("start", {})]
    assert days and all(item["end"]["date"] > item["start"]["date"] for item in days)
    series = {item["recurringEventId"] for item in items if "recurringEventId" in item}
    assert series and all(re.fullmatch(r"\w+_\d{8}T\d{6}Z", item["id"]) for item in items if "recurringEventId" in item)
    off = [item for item in items if item["status"] == "cancelled"]
    assert off and all({"id", "recurringEventId", "originalStartTime"} <= set(item) for item in off)
    assert any(item.get("originalStartTime") not in (None, item["start"]) for item in items if "start" in item)
    assert any("summary" not in item for item in items if item["status"] != "cancelled")
    for item in items:
        for end in ("start", "end"):
            if "dateTime" in item.get(end, {}):
                assert datetime.datetime.fromisoformat(item[end]["dateTime"].replace("Z", "+00:00")).tzinfo
    whole, _ = events(box, "primary", singleEvents="false", showDeleted="false")
    masters = [item for item in whole if "recurrence" in item]
    assert {item["id"] for item in masters} == series


def test_a_sync_token_tells_what_changed_and_what_is_gone(box):
    calendar = calendars(box)[0]
    items, token = events(box, calendar)
    assert events(box, calendar, syncToken=token) == ([], token)
    mine = [n for n in range(240) if n % 3 == 0 and n % 8 < 5]
    box.account("g", google={"touched": [mine[0]]}, removed={"events": [mine[1]]})
    changed, after = events(box, calendar, syncToken=token)
    assert [(item["status"], "summary" in item) for item in changed] == [("confirmed", True), ("cancelled", False)]
    assert {item["id"] for item in changed} <= {item["id"] for item in items} and after != token
    box.account("g", records={"events": 243})
    assert len(events(box, calendar, syncToken=after)[0]) == 1


def test_sync_tokens_die_and_take_the_tombstones_along(box):
    calendar = calendars(box)[0]
    _, token = events(box, calendar)
    box.account("g", removed={"events": [0]})
    assert len([item for item in events(box, calendar)[0] if item["status"] == "cancelled" and "recurringEventId" not in item]) == 1
    box.account("g", google={"expire_sync_tokens": True})
    path = f"{CALENDAR}/calendars/primary/events"
    gone = ask(box, f"{CALENDAR}/calendars/{calendar}/events", 410, syncToken=token, singleEvents="true")
    assert reason(gone) == "fullSyncRequired" and gone["error"]["errors"][0]["location"] == "syncToken"
    assert not [item for item in events(box, calendar)[0] if item["status"] == "cancelled" and "recurringEventId" not in item]
    assert reason(ask(box, path, 400, syncToken="nonsense")) == "invalid"
    assert reason(ask(box, path, 400, syncToken=token, timeMin="2026-01-01T00:00:00Z")) == "badRequest"


def test_empty_pages_lead_on(box):
    box.dial("g", {"dial": "empty_page", "resource": "events", "after": 1, "times": 2})
    assert len([item for item in events(box, "primary")[0] if item["status"] != "cancelled"]) == \
        len([row for row in rows(box, "events") if row["calendarId"] == "g@example.com"])


def test_dials_say_what_each_call_would(box):
    for call, path, query, status in (("history", f"{MAIL}/history", {"startHistoryId": now(box)}, 404), ("list", f"{MAIL}/messages", {}, 400),
                                      ("events", f"{CALENDAR}/calendars/primary/events", {}, 410)):
        box.dial("g", {"dial": "expired_cursor", "call": call})
        ask(box, path, status, **query)
        ask(box, path, **query)
    box.dial("g", {"dial": "forbidden"})
    assert reason(ask(box, f"{MAIL}/messages", 403)) == "insufficientPermissions"


# ---- who may ----

def grant(sim, status=200, **form):  # noqa: F811
    form = {"grant_type": "refresh_token", "refresh_token": "rt-g-1", "client_id": "c", "client_secret": "s", **form}
    got, _, text = sim.call("POST", "/token", urllib.parse.urlencode({k: v for k, v in form.items() if v is not None}))
    assert got == status, text
    return json.loads(text)


def test_tokens(box):
    first = grant(box)
    assert set(first) == {"access_token", "expires_in", "scope", "token_type"} and first["expires_in"] == 3599
    ask(box, f"{MAIL}/profile")  # the token before is good still
    by_code = grant(box, grant_type="authorization_code", code="code-g-1")
    assert by_code["refresh_token"] == "rt-g-1"
    assert grant(box, 400, grant_type="authorization_code", code="code-g-1")["error"] == "invalid_grant"
    assert grant(box, 401, client_secret=None)["error"] == "invalid_client"
    box.call("POST", "/revoke", "token=rt-g-1")
    assert grant(box, 400) == {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
    assert reason(ask(box, f"{MAIL}/profile", 401)) == "authError"
    ask(box, "/oauth2/v2/userinfo", 401)


def test_userinfo_and_scopes(box):
    assert ask(box, "/oauth2/v2/userinfo")["email"] == "g@example.com"
    box.account("g", google={"scope": "https://www.googleapis.com/auth/gmail.readonly"})
    ask(box, f"{MAIL}/profile")
    assert reason(ask(box, f"{CALENDAR}/users/me/calendarList", 403)) == "insufficientPermissions"


def consent(sim, **query):  # noqa: F811
    query = {"response_type": "code", "client_id": "c", "redirect_uri": "http://127.0.0.1:9/back", "scope": "openid", "state": "a b&c", **query}
    status, headers, text = sim.call("GET", "/o/oauth2/v2/auth?" + urllib.parse.urlencode(query))
    return status, dict(urllib.parse.parse_qsl((headers["Location"] or "").partition("?")[2])), text


def test_consent(box):
    assert consent(box)[0] == 200 and 'name="login_hint"' in consent(box)[2]
    status, back, _ = consent(box, login_hint="g@example.com", code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    assert status == 302 and back["state"] == "a b&c"
    code = {"grant_type": "authorization_code", "code": back["code"]}
    assert grant(box, 400, **code)["error_description"] == "Invalid code verifier."
    grant(box, **code, code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")  # RFC 7636, appendix B
    box.account("g", google={"denies": True})
    assert consent(box, login_hint="g")[1] == {"error": "access_denied", "state": "a b&c"}
