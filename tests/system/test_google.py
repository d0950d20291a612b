# SPDX-License-Identifier: Apache-2.0
"""Google, as its users know it (shared/seeds/google.md): connect, start a job, run it, read mail and calendars. Consent is at a
real authorisation server; the story is told with the simulated Google."""
import json
from datetime import datetime, timedelta, timezone
from threading import Thread
from urllib.parse import urlencode

import pytest
from psycopg2.extras import Json

from harness import tokens
from harness.browser import Browser
from harness.consenting import Authorisation, consent
from harness.fleet import PROVIDERS, USERS
from harness.process import free_port
from harness.setup import topics_of

SECRET = "a secret that a timer has"
# Nobody is asked for mail here: what the tables hold is written by hand.
DECLARATION = """
name = "google";
base_url = "%(url)s";
auth = {
  kind = "oauth2"; authorize_url = "%(url)s/o/authorize/"; token_url = "%(url)s/o/token/"; revoke_url = "%(url)s/o/revoke_token/";
  account = { path = "sub"; url = "%(url)s/userinfo"; };
  scopes = ["contacts", "profile"]; client = "basic"; rotating = true;
};
resources = (
  { name = "messages"; table = "sync_email_messages"; path = "/api/contacts"; records = "data"; id = ["id"];
    columns = ({ name = "internal_date"; path = "at"; type = "timestamp"; }); },
  { name = "calendars"; table = "google_calendars"; path = "/api/contacts"; records = "data"; id = ["id"];
    columns = ({ name = "summary"; path = "name"; type = "text"; }); },
  { name = "events"; table = "sync_calendar_events"; path = "/api/contacts"; records = "data"; id = ["id"];
    columns = ({ name = "calendar_id"; path = "id"; type = "text"; }, { name = "event_id"; path = "id"; type = "text"; }); });
"""


@pytest.fixture(scope="module")
def server(ledger):
    made = Authorisation(ledger, ledger.make_folder(), "google", DECLARATION, "/api/sync/google/callback")
    yield made
    made.process.stop()


@pytest.fixture
def google(fleet, server):
    if missing := set(topics_of(server.providers)) - set(topics_of(PROVIDERS)):
        fleet.topics.create(*missing)
    fleet.start_producer(**server.settings, **USERS, internal__sync_secret=SECRET, internal__wait_ms=300)
    return fleet


def begin(who, **query):
    return who.api("GET", "/api/sync/google/oauth-url" + ("?" + urlencode(query) if query else ""))


def connect(fleet, who, **query):
    """Where the browser is led in the end."""
    browser = Browser()
    back = consent(browser, begin(who, **query).body["url"], fleet.producer_url)
    return browser.get(back)


def integrations(fleet):
    return fleet.sql("select * from integrations order by created_at, provider")


def run_once(fleet, secret=SECRET):
    return fleet.http("POST", fleet.producer_url + "/api/internal/sync/run-once", key=secret)


def end(fleet, failed=()):
    """What workers do with all tasks."""
    fleet.sql("update sync_tasks set started_at = now(), records_inserted = 3 where ended_at is null")
    tasks = fleet.sql("select task_id::text, resource from sync_tasks where ended_at is null")
    states = ["failed" if task["resource"] in failed else "completed" for task in tasks]
    errors = ["it broke" if state == "failed" else None for state in states]
    fleet.sql("select count(*) from end_tasks(%s::uuid[], %s::text[], %s::text[], %s::text[])", [task["task_id"] for task in tasks], states,
              [error and "permanent" for error in errors], errors)


# ---- connecting ----

def test_a_consent_makes_a_workspace_and_two_integrations(google):
    ada = google.tenant.user("ada")
    page = connect(google, ada, returnTo="/sync")
    assert page.status == 302 and page.to.startswith(google.producer_url + "/sync?"), page
    assert page.query["result"] == "created"
    (workspace,) = google.sql("select w.*, u.external_id as owner from workspaces w join users u on u.user_id = w.owner_user_id")
    assert (workspace["owner"], workspace["tenant_id"]) == ("ada", google.tenant.id)
    rows = integrations(google)
    assert [(row["provider"], row["is_active"], row["status"], row["email"]) for row in rows] == [
        ("gmail", True, "active", "user-1"), ("google_calendar", True, "active", "user-1")]
    assert {row["workspace_id"] for row in rows} == {workspace["id"]}
    assert {row["connection_id"] for row in rows} == {page.query["connection_id"]}
    assert all(row["access_token"] is row["refresh_token"] is row["last_synced_at"] is None for row in rows)

    assert connect(google, ada, returnTo="/sync").query["result"] == "updated"
    rows = integrations(google)
    assert sorted((row["provider"], row["is_active"]) for row in rows) == [
        ("gmail", False), ("gmail", True), ("google_calendar", False), ("google_calendar", True)]
    ada.api("DELETE", f"/v1/connections/{page.query['connection_id']}")
    assert not any(row["is_active"] for row in integrations(google))


def test_who_may_begin_and_what_comes_back(google, server):
    ada, url = google.tenant.user("ada"), google.producer_url
    refused = google.http("GET", url + "/api/sync/google/oauth-url?returnTo=/sync")
    assert refused.status == 401 and set(refused.body) == {"error", "message"} and refused.body["error"] == "missing_key"
    standard = google.http("GET", url + "/api/sync/gmail/messages", headers={"Accept": "application/problem+json"})
    assert standard.headers["content-type"] == "application/problem+json" and standard.body["code"] == "missing_key"
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert (begin(ada, returnTo=elsewhere).status, begin(ada, returnTo=elsewhere).body["error"]) == (422, "return_to_not_allowed")
    standard = ada.api("GET", "/api/sync/google/oauth-url?returnTo=//evil.example", headers={"Accept": "application/problem+json"})
    assert standard.body["errors"][0]["pointer"] == "?returnTo"
    browser = Browser()
    denied = browser.get(consent(browser, begin(ada).body["url"], url, allow=False))
    assert denied.to == url + "/sync?error=access_denied"
    forged = google.http("GET", url + "/api/sync/google/callback?code=x&state=forged")
    assert (forged.status, set(forged.body), forged.body["error"]) == (400, {"error", "message"}, "state_forged")
    back = consent(browser, begin(ada, returnTo="/sync").body["url"], url)
    assert browser.get(back).query["result"] == "created"
    assert browser.get(back).query == {"error": "state_used"}
    assert len(integrations(google)) == 2


def test_two_accounts_that_are_connected_at_once(google):
    """One after the other: the workspace has the integrations of one of them, never of both or none."""
    sessions = [google.another_session() for _ in range(2)]
    insert = "insert into connections (tenant_id, provider, external_id, secret) values (%s, 'google', %s, '')"
    for session in sessions:
        session.autocommit = False
    sessions[0].cursor().execute(insert, (google.tenant.id, "first@example.com"))
    second = Thread(target=lambda: sessions[1].cursor().execute(insert, (google.tenant.id, "second@example.com")))
    second.start()
    google.wait_until(lambda: google.value("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into "
                                           "connections%%' and datname = current_database()"), what="the second to wait")
    sessions[0].commit()
    second.join()
    sessions[1].commit()
    assert [(row["email"], row["provider"]) for row in integrations(google) if row["is_active"]] == [
        ("second@example.com", "gmail"), ("second@example.com", "google_calendar")]
    assert google.value("select count(*) from workspaces") == 1


# ---- jobs ----

def test_jobs_start_and_are_run_once(google):
    ada = google.tenant.user("ada")
    missing = ada.api("POST", "/api/sync/gmail/start")
    assert (missing.status, missing.body) == (404, {
        "error": "integration_not_found", "message": "Gmail is not connected: connect a Google account first"})
    assert run_once(google).body == {"processed": False, "message": "No pending jobs"}
    connect(google, ada, returnTo="/sync")
    active = {row["provider"]: row["id"] for row in integrations(google)}

    started = ada.api("POST", "/api/sync/gmail/start")
    job = started.body["job"]
    assert started.status == 202 and started.headers["location"] == f"/v1/syncs/{job['id']}"
    assert (job["provider"], job["status"], job["integration_id"]) == ("gmail", "pending", active["gmail"])
    second = ada.api("POST", "/api/sync/calendar/start", {"mode": "full"}).body["job"]
    assert (second["provider"], set(second["parts"])) == ("google_calendar", {"calendars", "events"})
    assert [(row["provider"], row["status"]) for row in google.sql("select * from sync_jobs order by id")] == [
        ("gmail", "pending"), ("google_calendar", "pending")]

    waited = run_once(google)  # there is no worker
    assert (waited.status, waited.body["finished"], waited.body["job"]["id"]) == (202, False, job["id"])
    google.sql("update sync_tasks set started_at = now() where resource = 'messages'")
    assert run_once(google).body["job"]["status"] == "running"
    google.sql("update sync_tasks set started_at = null")
    end(google)
    assert run_once(google).body == {"processed": False, "message": "No pending jobs"}
    assert [(row["status"], row["records_inserted"]) for row in google.sql("select * from sync_jobs order by id")] == [
        ("completed", 3), ("completed", 6)]


def test_run_once_waits_for_the_end_and_hands_out_again(google):
    google.restart(google.producer, internal__wait_ms=20000)
    ada = google.tenant.user("ada")
    connect(google, ada)
    job = ada.api("POST", "/api/sync/gmail/start").body["job"]
    topic = "sync.tasks.google"
    google.wait_until(lambda: google.messages(topic), what="the task's message")
    google.sql("update sync_tasks set due_at = now() + interval '1 hour'")  # the clock leaves it alone
    before = len(google.messages(topic))
    answers = []
    asking = Thread(target=lambda: answers.append(run_once(google)))
    asking.start()
    google.wait_until(lambda: len(google.messages(topic)) > before, what="the message once more")
    end(google)
    asking.join()
    assert (answers[0].status, answers[0].body["finished"], answers[0].body["job"]["id"]) == (200, True, job["id"])
    assert answers[0].body["job"]["status"] == "completed"


def test_run_once_is_guarded(google):
    assert (run_once(google, "wrong").status, run_once(google, None).status) == (401, 401)
    header = google.http("POST", google.producer_url + "/api/internal/sync/run-once", headers={"X-Internal-Secret": SECRET})
    assert header.status == 200
    google.restart(google.producer, internal__sync_secret="")
    assert (run_once(google).status, run_once(google, None).status) == (403, 403)


def test_a_failed_part_is_told(google):
    ada = google.tenant.user("ada")
    connect(google, ada)
    ada.api("POST", "/api/sync/calendar/start")
    end(google, failed=["events"])
    (row,) = google.sql("select * from sync_jobs")
    assert (row["status"], row["parts"], row["error"]) == ("failed", {"calendars": "completed", "events": "failed"}, "events: it broke")


# ---- reading ----

def account(fleet, tenant, name, user=None):
    """A connected Google account, without a consent."""
    owner = user and fleet.value("select user_seen(%s, %s)", tenant.id, user)
    return fleet.value("insert into connections (tenant_id, owner_user_id, provider, external_id, secret) values (%s, %s, 'google', %s, '') "
                       "returning connection_id", tenant.id, owner, name)


def mail(fleet, connection, id, at, labels=("INBOX",), snippet="", **headers):
    message = {"id": id, "snippet": snippet, "labelIds": labels,
               "payload": {"headers": [{"name": name.title(), "value": value} for name, value in headers.items()]}}
    fleet.sql("insert into sync_email_messages (connection_id, tenant_id, id, internal_date, label_ids, snippet, payload, content_hash) "
              "select connection_id, tenant_id, %s, %s, %s, %s, %s, 0 from connections where connection_id = %s",
              id, at, Json(list(labels)), snippet, Json(message), connection)


def event(fleet, connection, calendar, id, start=None, end=None, **columns):
    day = start is not None and len(start) == 10
    values = {"start_date" if day else "start_at": start, "end_date" if day else "end_at": end, "status": "confirmed", **columns}
    names = "".join(f", {name}" for name in values)
    fleet.sql(f"insert into sync_calendar_events (connection_id, tenant_id, id, calendar_id, event_id, payload, content_hash{names}) "
              f"select connection_id, tenant_id, %s, %s, %s, '{{}}', 0{', %s' * len(values)} from connections where connection_id = %s",
              f"{calendar}/{id}", calendar, id, *values.values(), connection)


def calendar(fleet, connection, id, zone, primary=False, deleted_at=None):
    fleet.sql("insert into google_calendars (connection_id, tenant_id, id, summary, time_zone, is_primary, deleted_at, payload, content_hash) "
              "select connection_id, tenant_id, %s, %s, %s, %s, %s, '{}', 0 from connections where connection_id = %s",
              id, id.title(), zone, primary, deleted_at, connection)


def ids(who, **query):
    answer = who.api("GET", "/api/sync/gmail/messages?" + urlencode(query))
    assert answer.status == 200, answer
    return [message["id"] for message in answer.body["messages"]]


def test_messages_by_words_labels_people_and_dates(google):
    ada = google.tenant.user("ada")
    box = account(google, google.tenant, "ada@example.com", "ada")
    mail(google, box, "m1", "2026-11-01T10:00Z", ("INBOX", "UNREAD"), "Please pay by Friday", subject="Invoice 2026-11",
         **{"from": '"Grace H." <grace@navy.example>', "to": "Ada <ada@example.com>"})
    mail(google, box, "m2", "2026-11-02T10:00Z", ("INBOX", "Label_7"), "Lunch?", subject="Re: plans <b>",
         **{"from": "bob@example.org", "to": "ada@example.com", "cc": "grace@navy.example"})
    mail(google, box, "m3", "2026-11-03T10:00Z", ("SPAM",), "You won an invoice", subject="PRIZE", **{"from": "x@spam.example"})
    mail(google, box, "m4", "2026-11-04T10:00Z", (), "")
    google.sql("update sync_email_messages set deleted_at = now() where id = 'm4'")
    for wanted, query in ((["m2", "m1"], {}), (["m1"], {"q": "invoice"}), (["m1"], {"q": "INVOICE friday"}), ([], {"q": '"friday invoice"'}),
                          (["m2"], {"q": "-invoice lunch"}), (["m2", "m1"], {"q": "lunch or invoice"}), ([], {"q": "invoi"}), ([], {"q": "!?"}),
                          (["m3"], {"label": "SPAM"}), (["m2"], {"label": "Label_7"}), ([], {"label": "none"}), (["m1"], {"unread": "true"}),
                          (["m2"], {"unread": "false"}), (["m1"], {"from": "grace"}), (["m1"], {"from": "grace@navy.example"}),
                          (["m1"], {"from": "navy.example"}), (["m2", "m1"], {"q": "grace"}), (["m2"], {"to": "grace"}), ([], {"from": "a'b\\c:*"}),
                          (["m2"], {"after": "2026-11-02"}), (["m1"], {"before": "2026-11-02T09:59:59Z"}),
                          (["m1"], {"q": "pay", "label": "INBOX", "after": "2026-11-01", "before": "2026-11-02"})):
        assert ids(ada, **query) == wanted, query
    (first,) = ada.api("GET", "/api/sync/gmail/messages?q=friday").body["messages"]
    assert (first["subject"], first["from"], first["to"], first["is_unread"], first["label_ids"], first["snippet"]) == (
        "Invoice 2026-11", {"name": "Grace H.", "address": "grace@navy.example"}, "Ada <ada@example.com>", True,
        ["INBOX", "UNREAD"], "Please pay by Friday")
    for wrong in ({"limit": 0}, {"cursor": "!"}, {"after": "2026-02-30"}, {"after": "yesterday"}, {"after": "2026-11"}, {"before": "2026-11-20T10"}, {"unread": "maybe"}, {"color": "red"}):
        answer = ada.api("GET", "/api/sync/gmail/messages?" + urlencode(wrong))
        assert answer.status == 422 and set(answer.body) == {"error", "message"}, (wrong, answer)


def test_pages_of_messages_go_on_exactly(google):
    ada = google.tenant.user("ada")
    box = account(google, google.tenant, "ada@example.com", "ada")
    for n in range(7):  # of one instant: the id decides
        mail(google, box, f"m{n}", "2026-11-01T10:00:00.123456Z", subject="hello")
    for query in ({}, {"q": "hello"}):
        seen, path = [], "/api/sync/gmail/messages?" + urlencode({"limit": 3, **query})
        while path:
            answer = ada.api("GET", path)
            seen.append([message["id"] for message in answer.body["messages"]])
            path = answer.headers["link"].partition("<")[2].partition(">")[0] if "link" in answer.headers else None
            assert bool(path) == bool(answer.body["next_cursor"])
        assert seen == [["m6", "m5", "m4"], ["m3", "m2", "m1"], ["m0"]]


def events(who, **query):
    answer = who.api("GET", "/api/sync/calendar/events?" + urlencode(query))
    assert answer.status == 200, answer
    return answer.body["events"]


def test_events_of_a_span_in_a_zone(google):
    ada = google.tenant.user("ada")
    box = account(google, google.tenant, "ada@example.com", "ada")
    calendar(google, box, "ada", "Europe/Berlin", primary=True)
    calendar(google, box, "team", "America/New_York")
    calendar(google, box, "left", "UTC", deleted_at="2026-01-01")
    series = {"recurring_event_id": "standup"}  # 9:00 in Berlin, the clocks change on the 29th
    event(google, box, "team", "standup_1", "2026-03-28T08:00Z", "2026-03-28T08:15Z", original_start_at="2026-03-28T08:00Z", **series)
    event(google, box, "team", "standup_2", "2026-03-29T07:00Z", "2026-03-29T07:15Z", original_start_at="2026-03-29T07:00Z", **series)
    event(google, box, "team", "standup_3", None, None, original_start_at="2026-03-30T07:00Z", **{**series, "status": "cancelled"})
    google.sql("update sync_calendar_events set deleted_at = now() where event_id = 'standup_3'")
    event(google, box, "ada", "trip", "2026-03-27", "2026-03-30")  # the 27th to the 29th
    event(google, box, "ada", "call", "2026-03-29T22:30Z", "2026-03-29T23:30Z")  # the 30th in Berlin, the 29th in New York
    event(google, box, "ada", "reminder", "2026-03-29T22:00Z", "2026-03-29T22:00Z")  # midnight in Berlin, without length
    event(google, box, "left", "gone", "2026-03-29T10:00Z", "2026-03-29T11:00Z")

    day = events(ada, **{"from": "2026-03-29", "to": "2026-03-30"})
    assert [(row["event_id"], row["start"], row["end"]) for row in day] == [
        ("trip", "2026-03-27", "2026-03-30"), ("standup_2", "2026-03-29T09:00:00+02:00", "2026-03-29T09:15:00+02:00")]
    assert (day[0]["all_day"], day[1]["all_day"], day[1]["calendar"]["summary"], day[1]["recurring_event_id"]) == (
        True, False, "Team", "standup")
    before = events(ada, **{"from": "2026-03-28", "to": "2026-03-29", "calendar": "team"})
    assert [row["start"] for row in before] == ["2026-03-28T09:00:00+01:00"]
    after = events(ada, **{"from": "2026-03-30", "to": "2026-03-31"})
    assert [row["event_id"] for row in after] == ["reminder", "call"]
    shown = events(ada, **{"from": "2026-03-30", "to": "2026-03-31", "cancelled": "true"})
    assert [(row["event_id"], row["status"], row["start"], row["original_start"]) for row in shown if row["status"] == "cancelled"] == [
        ("standup_3", "cancelled", None, "2026-03-30T09:00:00+02:00")]
    there = events(ada, **{"from": "2026-03-29", "to": "2026-03-30", "timeZone": "America/New_York"})
    assert [(row["event_id"], row["start"]) for row in there] == [
        ("trip", "2026-03-27"), ("standup_2", "2026-03-29T03:00:00-04:00"), ("reminder", "2026-03-29T18:00:00-04:00"),
        ("call", "2026-03-29T18:30:00-04:00")]
    instants = events(ada, **{"from": "2026-03-29T07:15:00Z", "to": "2026-03-29T22:00:00Z", "calendar": "team"})
    assert instants == []  # one ends when the span begins
    for wrong, code in (({"timeZone": "Mars/Base"}, "unknown_time_zone"), ({"timeZone": "CET"}, "unknown_time_zone"),
                        ({"from": "2026-03-30", "to": "2026-03-30"}, "out_of_range"), ({"cursor": "zzz"}, "wrong_type")):
        answer = ada.api("GET", "/api/sync/calendar/events?" + urlencode(wrong))
        assert (answer.status, answer.body["error"]) == (422, code), wrong


def test_pages_of_events(google):
    ada = google.tenant.user("ada")
    box = account(google, google.tenant, "ada@example.com", "ada")
    for n in range(5):
        event(google, box, "ada", f"e{n}", f"2026-05-0{1 + n // 2}T10:00Z", f"2026-05-0{1 + n // 2}T11:00Z")
    seen, path = [], "/api/sync/calendar/events?from=2026-05-01&to=2026-06-01&limit=2"
    while path:
        answer = ada.api("GET", path)
        seen += [[row["event_id"] for row in answer.body["events"]]]
        path = answer.headers["link"].partition("<")[2].partition(">")[0] if "link" in answer.headers else None
    assert seen == [["e0", "e1"], ["e2", "e3"], ["e4"]]


def test_each_sees_his_own_workspace(google):
    other = google.new_tenant("second")
    people = {"ada": google.tenant.user("ada"), "bob": google.tenant.user("bob"), "eve": other.user("ada")}
    boxes = {"ada": account(google, google.tenant, "ada@example.com", "ada"), "bob": account(google, google.tenant, "bob@example.com", "bob"),
             "eve": account(google, other, "ada@example.com", "ada")}
    for name, box in boxes.items():
        mail(google, box, f"of-{name}", "2026-11-01T10:00Z", subject="the same word")
        event(google, box, "c", f"of-{name}", "2026-11-01T10:00Z", "2026-11-01T11:00Z")
    for name, person in people.items():
        for query in ({}, {"q": "word"}, {"q": "word or word"}, {"q": f"{boxes['eve']} or word"}):
            assert ids(person, **query) == [f"of-{name}"], (name, query)
        assert [row["event_id"] for row in events(person, **{"from": "2026-11-01", "to": "2026-11-02"})] == [f"of-{name}"]
    assert sorted(ids(google.tenant)) == ["of-ada", "of-bob"]  # a service of the tenant
    admin = google.tenant.user("ada", role="admin")  # his page shows his own; others' when he names them
    of_bob = google.value("select id from integrations where connection_id = %s and provider = 'gmail'", boxes["bob"])
    assert (ids(admin), ids(admin, integration_id=of_bob), ids(people["ada"], integration_id=of_bob)) == (["of-ada"], ["of-bob"], [])
    foreign = google.value("select id from integrations where connection_id = %s and provider = 'gmail'", boxes["eve"])
    assert ids(people["ada"], integration_id=foreign) == []
    answer = people["ada"].api("POST", "/api/sync/gmail/start", {"integration_id": foreign})
    assert (answer.status, answer.body["error"]) == (404, "integration_not_found")
    several = google.tenant.api("POST", "/api/sync/gmail/start")
    assert (several.status, several.body["error"]) == (409, "several_integrations")
    own = google.value("select id from integrations where connection_id = %s and provider = 'gmail'", boxes["bob"])
    assert google.tenant.api("POST", "/api/sync/gmail/start", {"integration_id": own}).body["job"]["integration_id"] == own
    assert json.dumps(google.tenant.api("GET", "/v1/connections").body).count("google") == 2


# ---- the user's story, with a provider that behaves as Google does ----

def truth(fleet, zone_offset_h, first, last):
    """The events of the account that touch these days, in a zone without summer time; by when and what."""
    def moment(side):
        if "date" in side:
            return datetime.fromisoformat(side["date"]).replace(tzinfo=zone)
        return datetime.fromisoformat(side["dateTime"].replace("Z", "+00:00"))
    zone = timezone(timedelta(hours=zone_offset_h))
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=zone) for day in (first, last))
    found = [record for record in fleet.simulator.rows("ada", "events", "google") if moment(record["start"]) < end
             and (moment(record["end"]) > begin or moment(record["start"]) == moment(record["end"]) >= begin)]
    return sorted(f"{record['calendarId']}/{record['id']}" for record in found)


@pytest.fixture
def suite(fleet):
    """The service set up by the variables that its users know, and the simulated Google."""
    fleet.simulator.account("ada", records={"messages": 130, "calendars": 2, "events": 80})
    address = f"127.0.0.1:{free_port()}"
    fleet.start_producer(
        http__listen=address, outgoing__allow_plain_loopback=True, providers__origins=fleet.simulator.origins(), internal__wait_ms=19000,
        auth__jwt_issuer=tokens.ISSUER, auth__jwt_audience=tokens.AUDIENCE,
        env={"GOOGLE_CLIENT_ID": "client", "GOOGLE_CLIENT_SECRET": "secret", "AUTH_SECRET": tokens.SECRET,
             "GOOGLE_OAUTH_REDIRECT_URL": f"http://{address}/api/sync/google/callback", "INTERNAL_SYNC_SECRET": SECRET})
    fleet.start_worker(providers__limits="google.mail_user_units=0")
    return fleet


def consent_at_google(fleet, who, **query):
    """Chooses the account on Google's page; where the callback leads to."""
    url = begin(who, **query).body["url"]
    assert "access_type=offline" in url and "code_challenge=" in url and "gmail.readonly" in url and "calendar.readonly" in url
    browser = Browser()
    return browser.get(browser.get(url + "&login_hint=ada").to)


def test_the_story(suite):
    ada = suite.tenant.user("ada")
    # 1 and 2: the user connects
    page = consent_at_google(suite, ada, returnTo="/sync")
    assert page.to.startswith(suite.producer_url + "/sync?") and page.query["result"] == "created", page
    assert [(row["provider"], row["is_active"], row["email"]) for row in integrations(suite)] == [
        ("gmail", True, "ada@example.com"), ("google_calendar", True, "ada@example.com")]
    # 3 and 4: jobs, which the workers begin by themselves
    started = [ada.api("POST", f"/api/sync/{product}/start").body["job"] for product in ("gmail", "calendar")]
    assert [job["status"] for job in started] == ["pending", "pending"]
    done = {}
    while (answer := run_once(suite)).body["processed"]:
        done[answer.body["job"]["id"]] = answer.body["job"]["status"]
    jobs = suite.sql("select * from sync_jobs order by id")
    assert [(job["provider"], job["status"], job["records_inserted"]) for job in jobs] == [
        ("gmail", "completed", 130), ("google_calendar", "completed", 2 + len(suite.simulator.rows("ada", "events", "google")))]
    assert set(done) <= {job["id"] for job in started} and set(done.values()) <= {"completed"}
    assert all(row["last_synced_at"] for row in integrations(suite))
    # 5: the user reads
    served = suite.simulator.rows("ada", "messages", "google")
    shown = [record["id"] for record in served if not {"SPAM", "TRASH"} & set(record.get("labelIds", []))]
    assert sorted(ids(ada, limit=500)) == sorted(shown)
    unread = [record["id"] for record in served if record["id"] in shown and "UNREAD" in record["labelIds"]]
    assert sorted(ids(ada, limit=500, unread="true")) == sorted(unread)
    listed = sorted((row["start_date"] or row["start_at"].date()).isoformat() for row in suite.sql(
        "select * from sync_calendar_events where deleted_at is null"))
    first, last = listed[20], listed[50]
    for name, offset in (("UTC", 0), ("Asia/Tokyo", 9), ("America/Phoenix", -7)):
        span = {"from": first, "to": last, "timeZone": name, "limit": 2500}
        assert sorted(row["id"] for row in events(ada, **span)) == truth(suite, offset, first, last), name

    # what changes is there after the next job
    starred, gone = ids(ada, label="STARRED", limit=500), shown[5]
    fresh = next(id for id in shown if id not in starred and id != gone)
    indexes = {record["id"]: n for n, record in enumerate(served)}
    suite.simulator.account("ada", records={"messages": 140}, removed={"messages": [indexes[gone]]},
                            google={"labels": [{"message": indexes[fresh], "add": ["STARRED"], "remove": []}]})
    job = ada.api("POST", "/api/sync/gmail/start").body["job"]
    answer = run_once(suite).body
    assert not answer["processed"] or (answer["finished"], answer["job"]["id"]) == (True, job["id"])
    suite.wait_for_sync(job["id"], state="completed")
    (row,) = suite.sql("select * from sync_jobs where id = %s", job["id"])
    assert (row["records_inserted"], row["records_deleted"]) == (10, 1)
    now = ids(ada, label="STARRED", limit=500)
    assert fresh in now and set(starred) - {gone} <= set(now) and gone not in ids(ada, limit=500)

    span = {"from": "2000-01-01", "to": "2100-01-01", "limit": 2500}
    before = {row["id"]: row for row in events(ada, **span)}
    off = suite.simulator.rows("ada", "events", "google")[10]
    off_id = f"{off['calendarId']}/{off['id']}"
    suite.simulator.account("ada", removed={"events": [10]})
    suite.wait_for_sync(ada.api("POST", "/api/sync/calendar/start").body["job"]["id"], state="completed")
    assert {row["id"] for row in events(ada, **span)} == set(before) - {off_id}
    shown = {row["id"]: row for row in events(ada, **span, cancelled="true")}
    assert (shown[off_id]["status"], shown[off_id]["start"]) == ("cancelled", before[off_id]["start"])


def test_a_grant_that_is_withdrawn_is_given_again(suite):
    ada = suite.tenant.user("ada")
    connection = consent_at_google(suite, ada).query["connection_id"]
    suite.simulator.account("ada", google={"revoked": True})
    suite.sql("update connections set token_expires_at = now()")
    job = ada.api("POST", "/api/sync/gmail/start").body["job"]
    suite.wait_for_sync(job["id"], state="failed")
    (row,) = suite.sql("select * from sync_jobs")
    assert row["status"] == "failed" and row["error"].startswith("messages: "), row
    again = ada.api("POST", "/api/sync/gmail/start")
    assert (again.status, again.body["error"]) == (409, "connection_reauthorize") and set(again.body) == {"error", "message"}
    assert {row["status"] for row in integrations(suite)} == {"reauthorize"}
    assert consent_at_google(suite, ada).query == {"connection_id": connection, "result": "updated"}
    assert sorted((row["provider"], row["status"]) for row in integrations(suite)) == [
        ("gmail", "active"), ("gmail", "inactive"), ("google_calendar", "active"), ("google_calendar", "inactive")]
    suite.wait_for_sync(ada.api("POST", "/api/sync/calendar/start").body["job"]["id"], state="completed")


def test_only_what_was_granted_is_integrated(suite):
    ada = suite.tenant.user("ada")
    suite.simulator.account("ada", google={"scope": "openid https://www.googleapis.com/auth/calendar.readonly"})
    consent_at_google(suite, ada)
    assert [row["provider"] for row in integrations(suite)] == ["google_calendar"]
    assert ada.api("POST", "/api/sync/gmail/start").status == 404
    suite.simulator.account("ada", google={"denies": True})
    assert consent_at_google(suite, ada, returnTo="/sync").query == {"error": "access_denied"}
