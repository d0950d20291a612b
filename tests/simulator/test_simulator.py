# SPDX-License-Identifier: Apache-2.0
"""The simulator keeps its promises: what other tests conclude from its answers and its log rests on these."""
import calendar
import email.utils
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import pytest

BUILD = pathlib.Path(__file__).parents[2] / "build" / "dev" / "tests" / "simulator"
SIMULATOR = os.environ.get("PROVIDER_SIMULATOR", str(BUILD / "provider-simulator"))
BROKER = os.environ.get("DEMO_BROKER", str(BUILD / "demo-broker"))
PP = ["contacts", "matters", "tasks"]
ORDERS = ["", "id", "updated_at", "id desc"]


class Client:
    def __init__(self, port, timeout=10):
        self.port = port
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def call(self, method, path, body=None, headers=None):
        """Status, headers and body as text."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        self.http.request(method, path, body=body, headers=headers or {})
        reply = self.http.getresponse()
        return reply.status, reply.headers, reply.read().decode()

    def get(self, path, token=None, status=200):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        got, _, body = self.call("GET", path, headers=headers)
        assert got == status, body
        return json.loads(body)

    def post(self, path, body, status=200):
        got, _, text = self.call("POST", path, body)
        assert got == status, text
        return json.loads(text)

    def account(self, name, **settings):
        return self.post(f"/control/accounts/{name}", settings)

    def dial(self, name, *dials):
        return self.post(f"/control/accounts/{name}/dials", list(dials))

    def log(self, after=0, account=None):
        query = f"?after={after}" + (f"&account={account}" if account else "")
        _, _, text = self.call("GET", "/control/log" + query)
        return [json.loads(line) for line in text.splitlines()]

    def token(self, **form):
        form = {"client_id": "id", "client_secret": "secret", **form}
        status, _, body = self.call("POST", "/oauth/token", urllib.parse.urlencode(form),
                                    {"Content-Type": "application/x-www-form-urlencoded"})
        return status, json.loads(body)

    def page(self, account, resource="contacts", top=100, skip=0, n=1, **more):
        """One page of PracticePanther with the account's nth access token."""
        query = urllib.parse.urlencode({"$top": top, "$skip": skip, **more})
        return self.call("GET", f"/api/v2/{resource}?{query}", headers={"Authorization": f"Bearer at-{account}-{n}"})

    def walk(self, account, resource="contacts", top=100, **more):
        rows = []
        while True:
            status, _, body = self.page(account, resource, top, len(rows), **more)
            assert status == 200, body
            page = json.loads(body)
            rows += page
            if len(page) < top:
                return rows


def start(*args):
    process = subprocess.Popen([SIMULATOR, *args], stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line.startswith("listening 127.0.0.1:")
    return process, int(line.rsplit(":", 1)[1])


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"


@pytest.fixture(scope="module")
def port():
    process, number = start()
    yield number
    stop(process)


@pytest.fixture
def sim(port):
    client = Client(port)
    client.post("/control/reset", {})
    yield client
    client.http.close()


# --- records


@pytest.mark.parametrize("resource,order", [(resource, order) for resource in PP for order in ORDERS
                                            if resource != "contacts" or order != "updated_at"])
@pytest.mark.parametrize("size,top", [(0, 50), (1, 50), (1000, 100), (1003, 200), (777, 7)])
def test_paging_gives_every_record_once(sim, resource, order, size, top):
    sim.account("a", records={resource: size})
    rows = sim.walk("a", resource, top, **({"$orderby": order} if order else {}))
    truth = sim.get(f"/control/accounts/a/rows?resource={resource}&n={size}")
    assert len(rows) == size == len({row["id"] for row in rows})
    assert sorted(rows, key=lambda row: row["id"]) == truth
    if order:
        key = order.split()[0]
        values = [row[key].removesuffix("+00:00") for row in rows]
        assert values == sorted(values, reverse="desc" in order)


def test_without_an_order_records_come_out_of_order(sim):
    sim.account("a", records={"contacts": 100})
    ids = [row["id"] for row in sim.walk("a")]
    assert ids != sorted(ids)


def test_page_sizes(sim):
    sim.account("a", records={"contacts": 500})
    for query, expected in [("", 50), ("?$top=10", 10), ("?%24top=10", 10), ("?$top=1000", 200), ("?$top=0", 0),
                            ("?$skip=490", 10), ("?$skip=500", 0), ("?$skip=99999999999", 0),
                            ("?$filter=id%20eq%201&$top=20", 20)]:
        assert len(sim.get("/api/v2/contacts" + query, "at-a-1")) == expected, query
    for query in ["$top=x", "$top=-1", "$skip=", "$orderby=name", "$orderby=updated_at", "$orderby=id%20up",
                  "updated_since=yesterday"]:
        assert "Message" in sim.get("/api/v2/contacts?" + query, "at-a-1", status=400), query


def test_records_are_as_the_real_ones(sim):
    sim.account("a", records={"contacts": 600, "matters": 600, "tasks": 600})
    rows = {resource: sim.walk("a", resource, 200) for resource in PP}
    assert all("created_at" not in row and "updated_at" not in row for row in rows["contacts"])
    times = [row["updated_at"] for row in rows["matters"]]
    assert {len(time) for time in times} == {19, 25}
    assert {row["status"] for row in rows["tasks"]} == {None, "NotCompleted", "InProgress", "Completed", "Conditional"}
    assert any(not row["display_name"].isascii() for row in rows["contacts"])
    matters = {row["id"] for row in rows["matters"]}
    assert all(row["matter_ref"] is None or row["matter_ref"]["id"] in matters for row in rows["tasks"])
    for resource, records in rows.items():
        size = len(json.dumps(records, ensure_ascii=False).encode()) / len(records)
        assert 800 < size < 1600, (resource, size)


def test_deterministic_by_seed_and_account():
    def rows(*args, account="a"):
        process, number = start(*args)
        client = Client(number)
        client.account(account, records={"contacts": 50, "widgets": 5})
        found = client.call("GET", f"/control/accounts/{account}/rows?resource=contacts")[2]
        found += client.call("GET", f"/control/accounts/{account}/rows?resource=widgets")[2]
        client.http.close()
        stop(process)
        return found

    first = rows("--seed", "5")
    assert rows("--seed", "5") == first
    assert rows("--seed", "6") != first
    assert rows("--seed", "5", account="b") != first


def test_a_version_changes_every_kth_record(sim):
    sim.account("a", records={"contacts": 100, "matters": 100})
    before = {row["id"]: row for row in sim.walk("a", "matters")}
    contacts = sim.walk("a", "contacts")
    since = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    sim.account("a", version=2, changed_share=0.1)
    after = {row["id"]: row for row in sim.walk("a", "matters")}
    changed = {key for key in after if after[key] != before[key]}
    assert after.keys() == before.keys()
    assert len(changed) == 10
    found = sim.walk("a", "matters", updated_since=since, **{"$orderby": "updated_at"})
    assert {row["id"] for row in found} == changed
    found = sim.walk("a", "contacts", updated_since=since.removesuffix("+00:00"))
    assert [row for row in found if row in contacts] == [] and len(found) == 10
    ordered = sim.walk("a", "matters", 7, **{"$orderby": "updated_at"})
    assert {row["id"] for row in ordered[-10:]} == changed and len({row["id"] for row in ordered}) == 100
    assert "only grows" in sim.post("/control/accounts/a", {"version": 1}, status=400)["error"]
    sim.account("a", version=2, changed_share=1)
    assert {row["id"]: row for row in sim.walk("a", "matters")} == after, "the same version is no change"


def test_growing_and_shrinking(sim):
    sim.account("a", records={"tasks": 100})
    before = sim.walk("a", "tasks")
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sim.account("a", records={"tasks": 110})
    born = sim.walk("a", "tasks", created_since=since)
    assert len(born) == 10
    assert sorted(map(json.dumps, before + born)) == sorted(map(json.dumps, sim.walk("a", "tasks")))
    sim.account("a", records={"tasks": 90})
    assert len(sim.walk("a", "tasks")) == 90
    assert sim.walk("a", "tasks", created_since=since) == []
    for _ in range(70):
        for size in (95, 90):
            sim.account("a", records={"tasks": size})


def test_digest(sim):
    sim.account("a", records={"contacts": 321})
    digest = sim.get("/control/accounts/a/rows/digest?resource=contacts")
    ids = sorted(row["id"] for row in sim.walk("a"))
    assert digest["ids"] == ids and digest["count"] == 321
    assert digest["sha256"] == hashlib.sha256("\n".join(ids).encode()).hexdigest()
    assert len(digest["xor"]) == len(digest["sum"]) == 16
    short = sim.get("/control/accounts/a/rows/digest?resource=contacts&ids=0")
    assert short == {**digest, "ids": []}
    assert len(sim.get("/control/accounts/a/rows?resource=contacts&from=300&n=1000")) == 21


# --- the other two


def test_bench_api(sim):
    sim.account("acct-00042", records={"orders": 250})
    ids, cursor = [], 0
    while cursor is not None:
        body = sim.get(f"/v1/accounts/acct-00042/orders?limit=100&cursor={cursor}", "perf-token")
        ids += [row["id"] for row in body["data"]]
        cursor = body["next_cursor"]
    assert ids == [f"a00042-{i:09}" for i in range(250)]
    truth = sim.get("/control/accounts/acct-00042/rows?resource=orders")
    assert [row["id"] for row in truth] == ids
    page = sim.get("/v1/accounts/never-seen-7/things", "perf-token")
    assert len(page["data"]) == 100 and page["next_cursor"] == "100"
    assert sim.get("/v1/accounts/acct-00042/orders", "at-acct-00042-1")["data"] == truth[:100]
    for token in ["", "at-acct-00042-2", "perf-tokens", "at-other-1"]:
        assert sim.get("/v1/accounts/acct-00042/orders", token, status=401) == {"error": "invalid_token"}
    assert "error" in sim.get("/v1/accounts/acct-00042/orders?cursor=x", "perf-token", status=400)


def test_acme_api(sim):
    sim.account("shop", records={"widgets": 95})
    items, page = [], 0
    while True:
        page += 1
        status, _, text = sim.call("GET", f"/acme/v3/widgets?page={page}&per_page=20", headers={"X-Api-Key": "key-shop"})
        body = json.loads(text)
        assert status == 200 and body["meta"] == {"page": page, "pages": 5, "total": 95}
        items += body["items"]
        if page == body["meta"]["pages"]:
            break
    assert items == sim.get("/control/accounts/shop/rows?resource=widgets")
    assert items[0].keys() == {"sku", "title", "price", "changed"} and items[0]["changed"].endswith("Z")
    assert len({item["sku"] for item in items}) == 95
    for key in ["", "key-nobody", "shop"]:
        assert sim.call("GET", "/acme/v3/widgets", headers={"X-Api-Key": key})[0] == 401
    assert sim.call("GET", "/acme/v3/widgets?page=0", headers={"X-Api-Key": "key-shop"})[0] == 400


# --- tokens


def test_refresh_rotates(sim):
    sim.account("acct-7", records={"contacts": 1}, expires_in=120)
    sim.get("/api/v2/contacts", "at-acct-7-1")
    status, pair = sim.token(grant_type="refresh_token", refresh_token="rt-acct-7-1")
    assert (status, pair) == (200, {"access_token": "at-acct-7-2", "token_type": "bearer", "expires_in": 120,
                                    "refresh_token": "rt-acct-7-2"})
    sim.get("/api/v2/contacts", "at-acct-7-2")
    assert sim.get("/api/v2/contacts", "at-acct-7-1", status=400) == {"error": "invalid_grant"}
    assert sim.token(grant_type="refresh_token", refresh_token="rt-acct-7-1") == (400, {"error": "invalid_grant"})
    status, pair = sim.token(grant_type="authorization_code", code="code-acct-7-2", redirect_uri="https://x.example/cb")
    assert status == 200 and pair["access_token"] == "at-acct-7-3"
    assert sim.token(grant_type="authorization_code", code="code-acct-7-2")[0] == 400
    assert sim.get("/control/accounts/acct-7")["token"]["n"] == 3
    stats = sim.get("/stats")
    assert (stats["tokens"], stats["bad_refresh"]) == (2, 2)


def test_bad_tokens(sim):
    sim.account("acct-7", records={"contacts": 1})
    for token in ["", "at-acct-7-2", "at-acct-7-0", "at-acct-7", "at-acct-8-1", "rt-acct-7-1", "at-acct-7-1x", "at--1"]:
        assert "denied" in sim.get("/api/v2/contacts", token, status=401)["Message"], token
    good = {"grant_type": "refresh_token", "refresh_token": "rt-acct-7-1"}
    for change, error in [({"grant_type": "password"}, "unsupported_grant_type"), ({"client_id": ""}, "invalid_client"),
                          ({"client_secret": ""}, "invalid_client"), ({"refresh_token": "rt-acct-7-2"}, "invalid_grant"),
                          ({"refresh_token": "at-acct-7-1"}, "invalid_grant"), ({"refresh_token": ""}, "invalid_grant"),
                          ({"refresh_token": "rt-nobody-1"}, "invalid_grant")]:
        assert sim.token(**{**good, **change}) == (400, {"error": error}), change
    assert sim.token(**good)[0] == 200


def test_tokens_expire_by_the_clock(sim):
    sim.account("a", records={"contacts": 1}, expires_in=0)
    assert sim.page("a")[0] == 400
    sim.account("a", expires_in=3600)
    assert sim.page("a")[0] == 200


# --- dials


def statuses(sim, count, resource="contacts"):
    return [sim.page("a", resource)[0] for _ in range(count)]


def test_after_times_resource_and_clearing(sim):
    sim.account("a", records={"contacts": 5, "tasks": 5})
    sim.dial("a", {"dial": "server_error", "after": 2, "times": 3, "resource": "contacts", "status": 503})
    assert statuses(sim, 2, "tasks") == [200, 200]
    assert statuses(sim, 7) == [200, 200, 503, 503, 503, 200, 200]
    dial = sim.get("/control/accounts/a")["dials"][0]
    assert (dial["seen"], dial["hits"]) == (7, 3)
    sim.dial("a", {"dial": "throttle", "times": -1})
    assert statuses(sim, 4) == [429] * 4
    assert sim.token(grant_type="refresh_token", refresh_token="rt-a-1")[0] == 200, "not the token endpoint"
    assert sim.call("DELETE", "/control/accounts/a/dials")[0] == 200
    assert sim.page("a", n=2)[0] == 200


def test_throttle_and_server_error(sim):
    sim.account("a", records={"contacts": 5})
    sim.dial("a", {"dial": "throttle", "retry_after": 7}, {"dial": "server_error", "after": 1},
             {"dial": "throttle", "after": 2, "status": 403, "retry_after": "Fri, 31 Dec 1999 23:59:59 GMT"})
    status, headers, body = sim.page("a")
    assert (status, headers["Retry-After"]) == (429, "7") and json.loads(body)
    status, headers, body = sim.page("a")
    assert (status, headers["Retry-After"], headers.get_content_type()) == (500, None, "text/html")
    status, headers, body = sim.page("a")
    assert (status, headers["Retry-After"]) == (403, "Fri, 31 Dec 1999 23:59:59 GMT")
    assert [entry["dials"] for entry in sim.log()] == [["throttle"], ["server_error"], ["throttle"]]


def test_hang(sim, port):
    sim.account("a", records={"contacts": 5})
    sim.dial("a", {"dial": "hang"}, {"dial": "hang", "after": 1, "ms": 30})
    with socket.create_connection(("127.0.0.1", port)) as patient:
        patient.sendall(b"GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-a-1\r\n\r\n")
        wait_until(lambda: sim.log())
        patient.setblocking(False)
        with pytest.raises(BlockingIOError):
            patient.recv(1)
        assert sim.get("/control/accounts/a")["in_flight"] == 1
        assert sim.log()[0]["status"] == 0 and sim.log()[0]["dials"] == ["hang"]
    wait_until(lambda: not sim.get("/control/accounts/a")["in_flight"])
    with pytest.raises(http.client.RemoteDisconnected):
        sim.page("a")
    assert sim.page("a")[0] == 200


def test_cut(sim):
    sim.account("a", records={"contacts": 100})
    sim.dial("a", {"dial": "cut"})
    with pytest.raises(http.client.IncompleteRead) as cut:
        sim.page("a")
    assert len(cut.value.partial) in range(cut.value.expected - 1, cut.value.expected + 2)
    sim.http.close()
    assert len(json.loads(sim.page("a")[2])) == 100


def test_cut_at_the_token_endpoint_loses_the_pair(sim):
    sim.account("a")
    sim.dial("a", {"dial": "cut", "resource": "token"})
    with pytest.raises(http.client.IncompleteRead):
        sim.token(grant_type="refresh_token", refresh_token="rt-a-1")
    sim.http.close()
    assert sim.token(grant_type="refresh_token", refresh_token="rt-a-1") == (400, {"error": "invalid_grant"})


def test_broken_json_html_and_huge(sim):
    sim.account("a", records={"contacts": 100})
    sim.dial("a", {"dial": "broken_json"}, {"dial": "html", "after": 1}, {"dial": "huge", "after": 2, "bytes": 5000000})
    status, _, body = sim.page("a")
    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    status, headers, body = sim.page("a")
    assert (status, headers.get_content_type()) == (200, "text/html") and body.startswith("<!DOCTYPE")
    status, _, body = sim.page("a")
    assert (status, len(body.encode())) == (200, 5000000) and len(json.loads(body)) == 100


def test_repeated_page(sim):
    sim.account("a", records={"contacts": 100})
    sim.dial("a", {"dial": "repeated_page", "after": 2, "times": 2})
    pages = [sim.page("a", top=10, skip=skip)[2] for skip in (0, 10, 20, 30, 40)]
    assert pages[1] == pages[2] == pages[3] != pages[0] and pages[4] not in pages[:4]


def test_cursor_loop(sim):
    sim.account("a", records={"contacts": 100, "orders": 500, "widgets": 100})
    first = sim.page("a", top=10)[2]
    sim.dial("a", {"dial": "cursor_loop", "times": -1, "resource": "contacts"},
             {"dial": "cursor_loop", "resource": "orders"}, {"dial": "cursor_loop", "resource": "orders", "after": 1, "to": 0},
             {"dial": "cursor_loop", "times": -1, "resource": "widgets"})
    assert [sim.page("a", top=10, skip=skip)[2] for skip in (10, 20, 5000)] == [first] * 3
    orders = "/v1/accounts/a/orders?limit=100&cursor=400"
    assert [sim.get(orders, "perf-token")["next_cursor"] for _ in range(3)] == ["400", "0", None]
    for page in (1, 2, 50):
        body = json.loads(sim.call("GET", f"/acme/v3/widgets?page={page}&per_page=50", headers={"X-Api-Key": "key-a"})[2])
        assert (body["meta"]["pages"], len(body["items"])) == (page + 1, 50)


def test_latency(sim):
    sim.account("a", records={"contacts": 1}, latency_ms=30)
    sim.dial("a", {"dial": "latency", "ms": 40})
    for least in (70, 30):
        began = time.monotonic()
        assert sim.page("a")[0] == 200
        assert time.monotonic() - began >= least / 1000 - 0.002
    assert sim.log()[0]["took_ms"] >= 68


def test_a_client_that_goes_away(sim, port):
    sim.account("a", records={"contacts": 1}, latency_ms=3600000)
    with socket.create_connection(("127.0.0.1", port)) as leaver:
        leaver.sendall(b"GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-a-1\r\n\r\n")
        wait_until(lambda: sim.get("/control/accounts/a")["in_flight"])
    wait_until(lambda: sim.log())
    assert sim.log()[0]["status"] == 499 and sim.get("/stats")["abandoned"] == 1


def test_limits_of_an_account_and_of_all(sim):
    sim.account("acct-1", records={"contacts": 10}, limits=[
        {"name": "calls", "kind": "rate", "count": 2, "period_ms": 300, "retry_after": "1"},
        {"name": "day", "kind": "quota", "count": 5, "period_ms": 60000, "fixed": True, "header_limit": "X-Max", "header_remaining": "X-Left",
         "header_reset": "X-Reset"}])
    sim.account("acct-2", records={"contacts": 10})
    sim.post("/control/limits", [{"name": "all", "kind": "rate", "count": 100, "period_ms": 60000, "enforce": False}])
    replies = [sim.page("acct-1") for _ in range(3)]
    assert [status for status, _, _ in replies] == [200, 200, 429] and replies[2][1]["Retry-After"] == "1"
    assert replies[0][1]["X-Max"] == "5" and [reply[1]["X-Left"] for reply in replies[:2]] == ["4", "3"]
    assert 50 <= int(replies[0][1]["X-Reset"]) <= 60 and json.loads(replies[2][2])["code"] == "TOO_MANY_REQUESTS"
    time.sleep(0.35)
    assert sim.page("acct-1")[0] == 200 and sim.page("acct-2")[0] == 200
    calls, day = sim.get("/control/accounts/acct-1")["limits"]
    assert (calls["calls"], calls["refused"], calls["most"]) == (4, 1, 3)
    assert day["spent"] == 4 and sim.get("/control/limits")[0]["most"] == 5
    sim.post("/control/limits", [{"name": "none"}], status=200)
    sim.post("/control/limits", [{"colour": 1}], status=400)
    sim.post("/control/limits", [{"kind": "none"}], status=400)
    sim.post("/control/limits", {}, status=400)


def test_a_limit_of_calls_at_once(sim, port):
    sim.account("acct-1", records={"contacts": 10}, latency_ms=300, limits=[{"name": "parallel", "kind": "concurrency", "count": 1}])
    other = Client(port)
    other.http.request("GET", "/api/v2/contacts?$top=1", headers={"Authorization": "Bearer at-acct-1-1"})
    wait_until(lambda: sim.get("/control/accounts/acct-1")["in_flight"] == 1)
    assert sim.page("acct-1")[0] == 429
    assert other.http.getresponse().status == 200
    assert sim.page("acct-1")[0] == 200
    (limit,) = sim.get("/control/accounts/acct-1")["limits"]
    assert (limit["most_at_once"], limit["refused"]) == (2, 1)


def test_expire_token_and_unauthorized(sim):
    sim.account("a", records={"contacts": 1, "widgets": 1})
    sim.dial("a", {"dial": "expire_token", "after": 1}, {"dial": "unauthorized", "resource": "token"})
    assert [sim.page("a")[0] for _ in range(3)] == [200, 400, 400], "expired until a refresh"
    refresh = {"grant_type": "refresh_token", "refresh_token": "rt-a-1"}
    assert sim.token(**refresh) == (400, {"error": "invalid_grant"})
    assert sim.token(**refresh)[0] == 200, "the dial spent nothing"
    assert sim.page("a", n=2)[0] == 200
    sim.dial("a", {"dial": "unauthorized"})
    assert [sim.page("a", n=2)[0] for _ in range(2)] == [401, 200]


def test_a_huge_record_and_a_text_that_is_no_text(sim):
    sim.account("a", records={"contacts": 3})
    sim.dial("a", {"dial": "huge_record", "bytes": 100000}, {"dial": "bad_utf8", "after": 1})
    rows = json.loads(sim.page("a")[2])
    assert len(rows) == 3 and rows[0]["notes"].startswith("x" * 100000)
    assert b'"notes":"\xff' in raw_page(sim)[1]


def test_records_that_cannot_be_stored(sim):
    sim.account("a", records={"contacts": 3, "orders": 3, "widgets": 3})
    sim.dial("a", {"dial": "null_id", "times": 3}, {"dial": "nul_text", "times": 3})
    for path, row_key, id_key, text_key in [("/api/v2/contacts", None, "id", "notes"),
                                            ("/v1/accounts/a/orders", "data", "id", "notes"),
                                            ("/acme/v3/widgets", "items", "sku", "title")]:
        token = "perf-token" if path.startswith("/v1") else "at-a-1"
        body = json.loads(sim.call("GET", path, headers={"Authorization": f"Bearer {token}", "X-Api-Key": "key-a"})[2])
        rows = body[row_key] if row_key else body
        assert [row[id_key] is None for row in rows] == [True, False, False]
        assert [row[text_key].startswith("\0") for row in rows] == [True, False, False]


def test_lost_answers(sim):
    sim.account("a", records={"contacts": 5})
    sim.dial("a", {"dial": "lost", "resource": "token"}, {"dial": "lost"})
    with pytest.raises(http.client.RemoteDisconnected):
        sim.token(grant_type="refresh_token", refresh_token="rt-a-1")
    assert sim.token(grant_type="refresh_token", refresh_token="rt-a-1") == (400, {"error": "invalid_grant"}), "it was carried out"
    with pytest.raises(http.client.RemoteDisconnected):
        sim.page("a", n=2)
    assert sim.page("a", n=2)[0] == 200
    assert sim.get("/control/accounts/a")["in_flight"] == 0


def test_drip(sim):
    sim.account("a", records={"contacts": 10})
    whole = sim.page("a")[2]
    sim.dial("a", {"dial": "drip", "bytes": 2000, "ms": 10})
    began = time.monotonic()
    assert sim.page("a")[2] == whole
    assert time.monotonic() - began >= len(whole) // 2000 * 0.01
    assert sim.page("a")[2] == whole, "the connection goes on"


def test_a_client_that_leaves_a_drip(sim, port):
    sim.account("a", records={"contacts": 100})
    sim.dial("a", {"dial": "drip", "bytes": 1, "ms": 1000})
    with socket.create_connection(("127.0.0.1", port)) as leaver:
        leaver.sendall(b"GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-a-1\r\n\r\n")
        assert leaver.recv(1) == b"H"
    wait_until(lambda: sim.get("/stats")["conns"] == 1)
    assert sim.page("a")[0] == 200


def test_wrong_length(sim):
    sim.account("a", records={"contacts": 10})
    whole = sim.page("a")[2]
    sim.dial("a", {"dial": "wrong_length", "bytes": -7}, {"dial": "wrong_length", "after": 1})
    status, headers, body = sim.page("a")
    assert (status, body, headers["Content-Length"]) == (200, whole[:len(body)], str(len(body.encode())))
    assert len(body.encode()) == len(whole.encode()) - 7
    sim.http.close()
    sim.http.timeout = 0.2
    with pytest.raises(TimeoutError):
        sim.page("a")


def raw_page(sim):
    sim.http.request("GET", "/api/v2/contacts?$top=100", headers={"Authorization": "Bearer at-a-1"})
    reply = sim.http.getresponse()
    return reply.headers, reply.read()


def test_gzip(sim):
    sim.account("a", records={"contacts": 100})
    whole = sim.page("a")[2].encode()
    sim.dial("a", {"dial": "gzip"}, {"dial": "gzip_bomb", "after": 1}, {"dial": "bad_gzip", "after": 2})
    headers, body = raw_page(sim)
    assert headers["Content-Encoding"] == "gzip" and len(body) < len(whole) / 2 and gzip.decompress(body) == whole
    headers, body = raw_page(sim)
    text = gzip.decompress(body)
    assert (len(text), text.rstrip()) == (64 << 20, whole) and len(body) < 1 << 20
    headers, body = raw_page(sim)
    assert headers["Content-Encoding"] == "gzip" and body == whole


def ids(page):
    return [row["id"] for row in json.loads(page[2])]


def test_rows_again_and_in_another_order(sim):
    sim.account("a", records={"contacts": 40})
    plain = ids(sim.page("a", **{"$orderby": "id"}))
    sim.dial("a", {"dial": "duplicated_rows", "rows": 3}, {"dial": "overlapping_page", "after": 1, "rows": 4},
             {"dial": "reordered_rows", "after": 2}, {"dial": "swapped_pages", "after": 3, "times": 4},
             {"dial": "huge_page", "after": 7}, {"dial": "huge_page", "after": 8, "rows": 15})
    pages = [ids(sim.page("a", top=10, skip=skip, **{"$orderby": "id"})) for skip in (10, 10, 10, 0, 10, 20, 30, 10, 10)]
    assert pages == [plain[10:20] + plain[17:20], plain[6:20], plain[10:20][::-1], plain[10:20], plain[0:10], plain[30:40],
                     plain[20:30], plain[10:40], plain[10:25]]


def test_an_empty_page_leads_on_by_another_cursor(sim):
    sim.account("a", records={"orders": 30})
    sim.dial("a", {"dial": "empty_page", "after": 1, "times": 2})
    path, cursors, rows = "/v1/accounts/a/orders?limit=10", [], []
    while not cursors or cursors[-1] is not None:
        body = sim.get(path + (f"&cursor={cursors[-1]}" if cursors else ""), "perf-token")
        rows += body["data"]
        cursors.append(body["next_cursor"])
    assert cursors == ["10", "2.10", "3.10", "20", None] and len({row["id"] for row in rows}) == len(rows) == 30


def test_a_cursor_loop_of_some_length(sim):
    sim.account("a", records={"contacts": 50, "orders": 50})
    plain = ids(sim.page("a", **{"$orderby": "id"}))
    sim.dial("a", {"dial": "cursor_loop", "times": -1, "to": 10, "from": 30})
    pages = [ids(sim.page("a", top=10, skip=skip, **{"$orderby": "id"})) for skip in (0, 10, 20, 30, 40, 50)]
    assert pages == [plain[0:10], plain[10:20], plain[20:30], plain[10:20], plain[20:30], plain[10:20]]
    path = "/v1/accounts/a/orders?limit=10&cursor="
    assert [sim.get(path + cursor, "perf-token")["next_cursor"] for cursor in ("0", "10", "20", "30")] == ["10", "20", "30", "10"]


def test_changes_during_a_walk(sim):
    sim.account("a", records={"matters": 40})
    before = json.loads(sim.page("a", "matters", **{"$orderby": "id"})[2])
    sim.dial("a", {"dial": "change", "after": 1, "added": 5, "removed": 3, "changed": 10})
    assert json.loads(sim.page("a", "matters", **{"$orderby": "id"})[2]) == before
    after = json.loads(sim.page("a", "matters", **{"$orderby": "id"})[2])
    assert [row["id"] for row in after][:37] == [row["id"] for row in before][3:] and len(after) == 42
    old = {row["id"]: row["updated_at"] for row in before}
    assert 8 <= sum(row["id"] in old and row["updated_at"] != old[row["id"]] for row in after) <= 12
    assert sim.get("/control/accounts/a/rows?resource=matters") == after
    assert sim.get("/control/accounts/a/rows/digest?resource=matters")["count"] == 42


def test_removed_records(sim):
    sim.account("a", records={"contacts": 10, "widgets": 10, "orders": 10})
    whole = ids(sim.page("a", **{"$orderby": "id"}))
    sim.account("a", removed={"contacts": [2, 9], "widgets": [0], "orders": [9, 1]})
    assert ids(sim.page("a", **{"$orderby": "id"})) == whole[:2] + whole[3:9]
    widgets = json.loads(sim.call("GET", "/acme/v3/widgets?per_page=20", headers={"X-Api-Key": "key-a"})[2])
    assert (widgets["meta"]["total"], len(widgets["items"])) == (9, 9)
    assert len(sim.get("/v1/accounts/a/orders", "perf-token")["data"]) == 8
    sim.account("a", removed={"contacts": [2]})
    assert ids(sim.page("a", **{"$orderby": "id"})) == whole[:2] + whole[3:]
    sim.account("a", removed={"contacts": []})
    assert ids(sim.page("a", **{"$orderby": "id"})) == whole


def test_clock_skew(sim):
    sim.account("a", records={"matters": 4}, clock_skew=-7200)
    _, headers, body = sim.page("a", "matters")
    behind = time.time() - email.utils.parsedate_to_datetime(headers["Date"]).timestamp()
    assert 7199 <= behind <= 7205
    sim.account("a", version=2, records={"matters": 5})
    rows = json.loads(sim.page("a", "matters")[2])
    ages = [time.time() - calendar.timegm(time.strptime(row["updated_at"][:19], "%Y-%m-%dT%H:%M:%S")) for row in rows]
    assert all(7195 <= age <= 7205 for age in ages), ages


def test_refusals_and_cursors_that_are_over(sim):
    sim.account("a", records={"contacts": 1})
    sim.dial("a", {"dial": "forbidden"}, {"dial": "expired_cursor", "after": 1})
    assert [sim.page("a")[0] for _ in range(3)] == [403, 410, 200]


def test_every_dial_is_listed_and_tested(sim):
    text = "".join(source.read_text() for source in pathlib.Path(__file__).parent.glob("test_simulat*.py"))
    for kind in sim.get("/control/dials"):
        assert f'"dial": "{kind["dial"]}"' in text, kind


@pytest.mark.parametrize("dial,says", [
    ({}, "dials[0]: dial: none of those"), ({"dial": "explode"}, "none of those"),
    ({"dial": "cut", "status": 500}, "status: cut does not take it"), ({"dial": "hang", "ms": -1}, "ms: a whole number"),
    ({"dial": "throttle", "status": 200}, "status: a whole number from 400 to 599"),
    ({"dial": "throttle", "retry_after": "x" * 64}, "retry_after: a text"), ({"dial": "cut", "times": "1"}, "times"),
    ({"dial": "cut", "colour": 1}, "colour: cut does not take it")])
def test_a_wrong_dial_sets_none(sim, dial, says):
    sim.account("a")
    assert says in sim.post("/control/accounts/a/dials", [{"dial": "cut"}, dial] if dial else [dial], status=400)["error"]
    assert sim.get("/control/accounts/a")["dials"] == []


# --- control, log, HTTP


@pytest.mark.parametrize("body,says", [
    ("", "JSON object"), ("[]", "JSON object"), ('{"records":', "JSON object"), ({"size": 1}, "size: unknown"),
    ({"records": 5}, "records: an object"), ({"records": {"contacts": -1}}, "records: contacts: a whole number"),
    ({"records": {"contacts": "5"}}, "contacts"), ({"version": "x"}, "version"), ({"changed_share": 2}, "changed_share"),
    ({"latency_ms": -5}, "latency_ms"), ({"dials": {}}, "dials: an array")])
def test_wrong_settings(sim, body, says):
    assert says in sim.post("/control/accounts/a", body, status=400)["error"]


def test_unknown_things(sim):
    for path in ["/", "/control", "/control/accounts/nobody", "/control/accounts/nobody/rows?resource=contacts",
                 "/v1/accounts/a"]:
        assert "error" in sim.get(path, status=404), path
    assert sim.call("DELETE", "/control/log")[0] == 405
    assert sim.post("/control/accounts/nobody/dials", [], status=404)
    sim.account("a")
    assert sim.get("/api/v2/invoices", "at-a-1", status=404)
    assert "resource" in sim.get("/control/accounts/a/rows", status=400)["error"]
    assert sim.call("POST", "/control/accounts/a%20b", "{}")[0] == 400


def test_bulk_accounts(sim):
    assert sim.post("/control/accounts", {"prefix": "t-", "from": 1, "to": 500, "records": {"contacts": 2}}) == {"accounts": 500}
    assert len(sim.walk("t-500")) == 2
    assert sim.get("/control/accounts/t-501", status=404)


def test_log(sim):
    sim.account("a", records={"contacts": 1})
    sim.account("b", records={"contacts": 1})
    sim.page("a", top=3, skip=9)
    sim.page("b", n=2)
    sim.token(grant_type="refresh_token", refresh_token="rt-b-1")
    log = sim.log()
    assert [entry["seq"] for entry in log] == [1, 2, 3], "control calls are not in it"
    assert [(entry["account"], entry["method"], entry["path"], entry["status"]) for entry in log] == [
        ("a", "GET", "/api/v2/contacts", 200), ("", "GET", "/api/v2/contacts", 401), ("b", "POST", "/oauth/token", 200)]
    assert log[0]["query"] == "%24top=3&%24skip=9" and log[0]["in_flight"] == 1
    assert abs(log[0]["ms"] / 1000 - time.time()) < 60
    assert sim.log(after=2) == log[2:] and sim.log(account="b") == log[2:]
    assert "at-" not in json.dumps(log) and "rt-" not in json.dumps(log)
    sim.post("/control/reset", {})
    assert sim.log() == [] and sim.get("/control/accounts/a", status=404)


def test_reset_closes_what_hangs(sim, port):
    sim.account("a", records={"contacts": 1})
    sim.dial("a", {"dial": "hang"})
    with socket.create_connection(("127.0.0.1", port), timeout=10) as patient:
        patient.sendall(b"GET /api/v2/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-a-1\r\n\r\n")
        wait_until(lambda: sim.log())
        sim.post("/control/reset", {})
        assert patient.recv(1) == b""


def test_http_details(sim, port):
    sim.account("a", records={"contacts": 3})
    head = b"GET /api/v2/contacts?$top=1 HTTP/1.1\r\nHost: x\r\nauthorization: bearer at-a-1\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        for byte in head:
            client.sendall(bytes([byte]))
        client.sendall(b"\r\n" + head + b"\r\n" + head + b"Connection: close\r\n\r\n")
        everything = b"".join(iter(lambda: client.recv(65536), b""))
    assert everything.count(b"HTTP/1.1 200 OK") == 3 and everything.count(b"Connection: close") == 1
    for bad in [b"hello\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"x" * (2 << 20)]:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            try:
                client.sendall(bad)
                assert client.recv(1) == b""
            except (ConnectionResetError, BrokenPipeError):
                pass


def test_a_slow_reader_gets_everything(sim, port):
    sim.account("a", records={"contacts": 200000})
    request = b"GET /control/accounts/a/rows?resource=contacts&n=20000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(request)
        sim.page("a")  # others are served meanwhile
        everything = b"".join(iter(lambda: slow.recv(1 << 20), b""))
    assert len(json.loads(everything.split(b"\r\n\r\n", 1)[1])) == 20000


def test_many_connections(sim, port):
    sim.account("a", records={"contacts": 10}, latency_ms=50)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(300)]
    for client in clients:
        client.sendall(b"GET /api/v2/contacts?$top=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer at-a-1\r\n\r\n")
    for client in clients:
        assert client.recv(65536).startswith(b"HTTP/1.1 200 OK")
        client.close()
    assert max(entry["in_flight"] for entry in sim.log()) == 300


def test_port_file_and_default_records():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "port"
        process, number = start("--port-file", str(path), "--records", "7", "--bench-records", "3")
        assert path.read_text() == f"{number}\n"
        client = Client(number)
        assert len(client.get("/api/v2/tasks", "at-anyone-1")) == 7
        assert len(client.get("/v1/accounts/any/things", "perf-token")["data"]) == 3
        client.http.close()
        stop(process)
    assert subprocess.run([SIMULATOR, "--port", "70000"], capture_output=True, check=False).returncode == 2
    assert subprocess.run([SIMULATOR, "extra"], capture_output=True, check=False).returncode == 2


# --- demo-broker


def test_demo_broker():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "servers"
        broker = subprocess.Popen([BROKER, "--file", str(path), "sync.requests:2", "sync.results:1"],
                                  stdout=subprocess.PIPE, text=True)
        assert broker.stdout.readline() == f"listening {path.read_text()}\n"
        host, port = path.read_text().rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=10).close()
        stop(broker)
    for args, code in [([], 2), (["topic"], 2), (["topic:0"], 2), (["a:60", "b:5"], 2), (["--port", "1"], 2)]:
        assert subprocess.run([BROKER, *args], capture_output=True, timeout=20, check=False).returncode == code, args
