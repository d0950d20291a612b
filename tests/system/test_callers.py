# SPDX-License-Identifier: Apache-2.0
"""Who may call the HTTP service, and for what: service keys, users' tokens, cookies, origins, rates."""
import datetime
import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from harness import tokens
from harness.keys import KeyServer
from harness.ledger import ROOT
from harness.process import HarnessError

CORPUS = ROOT / "tests" / "fixtures" / "tokens"


def refusal(answer):
    """Status and code of a problem."""
    return answer.status, answer.body["code"]


def keys_of(fleet):
    return fleet.api("GET", "/v1/keys").body["keys"]


# ---- service keys ----

def test_keys_are_made_listed_and_revoked(fleet):
    fleet.start_producer(auth__remember_ms=200)
    before = keys_of(fleet)
    assert [key["name"] for key in before] == ["tests"]

    made = fleet.api("POST", "/v1/keys", {"name": "reports", "rights": ["read"], "expires_in_s": 3600})
    assert made.status == 201 and made.headers["location"] == f"/v1/keys/{made.body['key_id']}"
    key = made.body["key"]
    expires = datetime.datetime.fromisoformat(made.body["expires_at"].replace("Z", "+00:00"))
    created = datetime.datetime.fromisoformat(made.body["created_at"].replace("Z", "+00:00"))
    assert expires - created == datetime.timedelta(hours=1)
    listed = keys_of(fleet)
    assert listed[0] == {name: value for name, value in made.body.items() if name != "key"} and listed[1:] == before
    assert key not in str(listed)

    assert fleet.api("GET", "/v1/syncs", key=key).status == 200
    for method, path, body in (("POST", "/v1/syncs", {}), ("GET", "/v1/keys", None), ("POST", "/v1/keys", {"name": "x"})):
        assert refusal(fleet.api(method, path, body, key=key)) == (403, "missing_right"), (method, path)

    revoked = fleet.api("DELETE", made.headers["location"])
    assert revoked.status == 200 and revoked.body["revoked_at"]
    fleet.wait_until(lambda: fleet.api("GET", "/v1/syncs", key=key).status == 401, what="the key to be refused")
    assert refusal(fleet.api("GET", "/v1/syncs", key=key)) == (401, "unknown_key")
    assert fleet.api("DELETE", made.headers["location"]).body == revoked.body


def test_nobody_grants_what_he_lacks(fleet):
    fleet.start_producer()
    assert refusal(fleet.api("POST", "/v1/keys", {"name": "x", "rights": ["read", "operate"]})) == (403, "right_not_held")
    keyless = fleet.ctl.key("first", rights="admin")
    assert refusal(fleet.api("POST", "/v1/keys", {"name": "x"}, key=keyless)) == (403, "right_not_held")
    operator = fleet.ctl.key("first", rights="admin,operate")
    made = fleet.api("POST", "/v1/keys", {"name": "x", "rights": ["operate"]}, key=operator)
    assert made.status == 201 and made.body["rights"] == ["operate"]
    assert fleet.value("select count(*) from service_keys where name = 'x'") == 1


def test_another_tenants_keys_are_nobodys(fleet):
    fleet.start_producer()
    other = fleet.new_tenant("second")
    theirs = other.api("GET", "/v1/keys").body["keys"]
    assert [key["name"] for key in theirs] == ["tests"] and theirs != keys_of(fleet)
    assert refusal(fleet.api("DELETE", f"/v1/keys/{theirs[0]['key_id']}")) == (404, "unknown_key_id")
    assert other.api("GET", "/v1/keys").body["keys"] == theirs


def test_keys_by_command(fleet):
    with pytest.raises(HarnessError, match="--rights=read,fly: write some of read, sync, connect, admin, operate"):
        fleet.ctl.key("first", rights="read,fly")
    fleet.ctl("keys", "create", "--tenant=first", "--name=plain")
    fleet.ctl.key("first", rights="operate,read", expires_in=60)
    listed = fleet.ctl("get", "keys", "--tenant=first")
    assert [row["rights"] for row in listed] == ["read,sync,connect,admin", "read,sync", "operate,read"]
    assert [row["expires_at"] is None for row in listed] == [True, True, False]


def test_an_expired_key_says_so(fleet):
    fleet.start_producer()
    key = fleet.ctl.key("first", expires_in=3600)
    fleet.sql("update service_keys set expires_at = now() - interval '1 second' where expires_at is not null")
    assert refusal(fleet.api("GET", "/v1/syncs", key=key)) == (401, "expired_key")


def test_many_keys_come_in_pages(fleet):
    fleet.start_producer()
    names = [f"key {i}" for i in range(4)]
    for name in names:
        assert fleet.api("POST", "/v1/keys", {"name": name}).status == 201
    seen, path = [], "/v1/keys?limit=2"
    while path:
        page = fleet.api("GET", path)
        seen += [key["name"] for key in page.body["keys"]]
        path = page.headers.get("link", "").partition("<")[2].partition(">")[0]
    assert seen == names[::-1] + ["tests"]


# ---- users' tokens ----

TOKENS = {"auth__jwt_issuer": tokens.ISSUER, "auth__jwt_audience": tokens.AUDIENCE}
BY_SECRET = {"SYNCFLEET_AUTH__JWT_SECRET": tokens.SECRET}


def me(fleet, token, method="GET", path="/v1/syncs", body=None, **headers):
    """A call with a user's token."""
    return fleet.api(method, path, body, key=token, headers=headers)


def test_forged_tokens_are_refused(fleet):
    """The same corpus as the unit tests', over HTTP, in the header and as a cookie."""
    corpus = json.loads((CORPUS / "cases.json").read_text())
    fleet.start_producer(env={"SYNCFLEET_AUTH__JWT_SECRET": corpus["secret"]}, auth__jwks=CORPUS / "jwks.json",
                         auth__jwt_issuer=corpus["issuer"], auth__jwt_audience=corpus["audience"])
    for case in corpus["cases"]:
        token = case["token"]
        for answer in (me(fleet, token), fleet.api("GET", "/v1/syncs", key="", headers={"Cookie": f"a=b; session_token={token}"})):
            if case["code"]:
                assert isinstance(answer.body, dict), (case["name"], answer)
                assert refusal(answer) == (401, case["code"]), case["name"]
                assert 'error="invalid_token"' in answer.headers["www-authenticate"]
                assert len(token) < 10 or token not in str(answer.body)
            else:
                assert answer.status == 200, (case["name"], answer)
    assert fleet.value("select array_agg(external_id) from users") == ["user-1"]
    log = fleet.producer.log.read_text()
    assert corpus["secret"] not in log and not any(case["token"] in log for case in corpus["cases"] if len(case["token"]) > 100)


def test_tokens_by_another_implementation(fleet):
    """PyJWT signs, as an application would."""
    fleet.start_producer(env={"JWT_SECRET": tokens.SECRET})
    said = {"sub": "anna", "tenant_id": fleet.tenant.id, "exp": int(time.time()) + 60}
    assert me(fleet, jwt.encode(said, tokens.SECRET, algorithm="HS256")).status == 200
    assert refusal(me(fleet, jwt.encode(said, tokens.SECRET, algorithm="HS512"))) == (401, "token_algorithm")
    assert refusal(me(fleet, jwt.encode(said, tokens.SECRET + "x", algorithm="HS256"))) == (401, "token_signature")
    assert refusal(me(fleet, jwt.encode({**said, "tenant_id": "nobody"}, tokens.SECRET, algorithm="HS256"))) == (401, "token_tenant")


def test_users_and_admins_of_a_tenant(fleet):
    fleet.start_producer(env=BY_SECRET, **TOKENS)
    anna, bert = tokens.token(subject="anna"), tokens.token(subject="bert", tenant=fleet.tenant.id)
    admin = tokens.token(subject="chef", role="admin")
    mine, others = fleet.connection("a"), fleet.connection("b")
    for token in (anna, bert, admin):
        assert me(fleet, token).body["syncs"] == []
    users = {row["external_id"]: row["user_id"] for row in fleet.sql("select external_id, user_id from users")}
    assert sorted(users) == ["anna", "bert", "chef"]
    fleet.sql("update connections set owner_user_id = %s where connection_id = %s", users["anna"], mine.id)
    fleet.sql("update connections set owner_user_id = %s where connection_id = %s", users["bert"], others.id)

    body = {"provider": "practicepanther", "connection_id": mine.id}
    accepted = me(fleet, anna, "POST", "/v1/syncs", body)
    assert accepted.status == 202
    assert refusal(me(fleet, bert, "POST", "/v1/syncs", body)) == (404, "unknown_connection")
    assert me(fleet, bert).body["syncs"] == [] and len(me(fleet, anna).body["syncs"]) == 1
    assert len(me(fleet, admin).body["syncs"]) == 1
    assert refusal(me(fleet, anna, path="/v1/keys")) == (403, "missing_right")
    assert me(fleet, admin, path="/v1/keys").status == 200
    assert refusal(me(fleet, admin, "POST", "/v1/keys", {"name": "x", "rights": ["operate"]})) == (403, "right_not_held")


def test_a_new_users_first_calls_at_once_make_him_once(fleet):
    fleet.start_producer(env=BY_SECRET, **TOKENS)
    several = [tokens.token(subject="anna", jti=str(i)) for i in range(8)] * 2
    with ThreadPoolExecutor(16) as pool:
        assert {answer.status for answer in pool.map(lambda token: me(fleet, token), several)} == {200}
    assert fleet.value("select count(*) from users") == 1


def test_key_sets_rotate(fleet):
    """By URL: a new key is found when it is first met, a withdrawn one ends, and while the server fails the old ones stay."""
    first, second, third = tokens.RsaKey("one"), tokens.EcKey("two"), tokens.RsaKey("three")
    with KeyServer(tokens.key_set(first)) as server:
        fleet.start_producer(**TOKENS, auth__jwks=server.url, auth__jwks_refetch_ms=100, auth__jwks_refresh_ms=1000,
                             auth__remember_ms=100, outgoing__allow_plain_loopback=True)
        assert me(fleet, tokens.token(first)).status == 200
        assert refusal(me(fleet, tokens.token(second))) == (401, "unknown_token_key")
        server.document = tokens.key_set(first, second)
        fleet.wait_until(lambda: me(fleet, tokens.token(second)).status == 200, what="the second key")
        assert me(fleet, tokens.token(first)).status == 200

        server.document = tokens.key_set(second)
        fleet.wait_until(lambda: me(fleet, tokens.token(first)).status == 401, what="the first key to end")
        assert me(fleet, tokens.token(second)).status == 200

        for failure in (None, {"keys": []}, "no JSON"):
            server.document, before = failure, server.asked
            assert refusal(me(fleet, tokens.token(third))) == (401, "unknown_token_key")
            fleet.wait_until(lambda: server.asked > before, what="the key set to be asked for")
            assert me(fleet, tokens.token(second)).status == 200, failure
        server.document = tokens.key_set(third)
        fleet.wait_until(lambda: me(fleet, tokens.token(third)).status == 200, what="the third key")


def test_invented_key_ids_cost_the_issuer_nothing(fleet):
    key = tokens.EcKey("real")
    with KeyServer(tokens.key_set(key)) as server:
        fleet.start_producer(**TOKENS, auth__jwks=server.url, auth__jwks_refetch_ms=3600000, outgoing__allow_plain_loopback=True)
        assert me(fleet, tokens.token(key)).status == 200
        for i in range(20):
            assert refusal(me(fleet, tokens.token(key, header={"kid": f"invented {i}"}))) == (401, "unknown_token_key")
        assert server.asked == 1


def test_nobodys_token_can_be_judged_without_a_key_set(fleet):
    with KeyServer(None) as server:
        fleet.start_producer(**TOKENS, auth__jwks=server.url, auth__jwks_refetch_ms=100, outgoing__allow_plain_loopback=True)
        assert refusal(me(fleet, tokens.token(tokens.EcKey("x")))) == (503, "key_set_away")
        assert fleet.api("GET", "/v1/syncs").status == 200
        key = tokens.EcKey("y")
        server.document = tokens.key_set(key)
        fleet.wait_until(lambda: me(fleet, tokens.token(key)).status == 200, what="the key set")


def test_settings_of_tokens_are_checked_at_start(fleet):
    for env, settings, reason in (
            ({"AUTH_SECRET": "short"}, {}, "at least 32 characters"), ({}, {"auth.jwt_algorithms": "HS256"}, "needs auth.jwt_secret"),
            (BY_SECRET, {"auth.jwt_algorithms": "none"}, '"none"'), ({}, {"auth.jwks": "https://x.example/keys"}, "needs auth.jwt_issuer"),
            ({}, {"http.allowed_origins": "*"}, "http.allowed_origins"), ({}, {"http.allowed_origins": "https://a/"}, "http.allowed_origins")):
        done = fleet.programs.run("sync-producer", "--check-config", settings={**fleet.common, **settings}, env=env)
        assert done.returncode == 78 and reason in done.stderr, (reason, done)


# ---- browsers ----

APP = "https://app.example.com"


def test_cookies_change_nothing_for_foreign_pages(fleet):
    fleet.start_producer(env=BY_SECRET, **TOKENS, http__allowed_origins=f"http://localhost:3000, {APP}")
    cookie = {"Cookie": f"session_token={tokens.token(role='admin')}"}
    own = f"http://{fleet.producer.address('http')}"

    def change(**headers):
        return fleet.api("POST", "/v1/keys", {"name": "x"}, key="", headers={**cookie, **headers})

    assert fleet.api("GET", "/v1/keys", key="", headers=cookie).status == 200
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": APP + ".evil.example"}, {"Origin": APP + "/"},
                    {"Referer": "https://evil.example/?https://app.example.com"}, {"Origin": "https://evil.example", "Referer": APP + "/"},
                    {"Origin": own, "Sec-Fetch-Site": "cross-site"}, {"Origin": "http://app.example.com"}, {"Referer": "about:blank"}):
        assert refusal(change(**headers)) == (403, "foreign_origin"), headers
    for headers in ({"Origin": APP}, {"Origin": own}, {"Referer": f"{own}/page"}, {"Referer": f"{APP}/page?x"},
                    {"Origin": own, "Sec-Fetch-Site": "same-origin"}):
        assert change(**headers).status == 201, headers
    assert me(fleet, tokens.token(role="admin"), "POST", "/v1/keys", {"name": "x"}).status == 201  # no browser sends that by itself


def test_pages_of_listed_origins_may_read(fleet):
    fleet.start_producer(http__allowed_origins=APP)
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = fleet.api("OPTIONS", "/v1/syncs", key="", headers={"Origin": APP, **asking})
    assert preflight.status == 204 and preflight.headers["access-control-allow-origin"] == APP
    assert "POST" in preflight.headers["access-control-allow-methods"] and preflight.headers["access-control-max-age"] == "600"
    assert "Authorization" in preflight.headers["access-control-allow-headers"] and preflight.headers["vary"] == "Origin"
    for path, headers in (("/v1/syncs", {}), ("/v1/syncs", {"Origin": "https://evil.example"}), ("/v1/nothing", {"Origin": "https://evil.example"})):
        answer = fleet.api("OPTIONS", path, key="", headers={**headers, **asking})
        assert answer.status in (404, 405) and not any(name.startswith("access-control") for name in answer.headers)

    read = fleet.api("GET", "/v1/syncs", headers={"Origin": APP})
    assert (read.status, read.headers["access-control-allow-origin"], read.headers["access-control-allow-credentials"]) == (200, APP, "true")
    assert "Location" in read.headers["access-control-expose-headers"] and read.headers["vary"] == "Origin"
    refused = fleet.api("GET", "/v1/syncs", key="", headers={"Origin": APP})
    assert refused.status == 401 and refused.headers["access-control-allow-origin"] == APP  # or the page could not read why
    foreign = fleet.api("GET", "/v1/syncs", headers={"Origin": "https://evil.example"})
    assert foreign.status == 200 and not any(name.startswith("access-control") for name in foreign.headers)
    assert foreign.headers["vary"] == "Origin"


def test_pages_listen_by_cookie(fleet):
    """EventSource can send no header of its own."""
    fleet.start_producer(env={"AUTH_SECRET": tokens.SECRET}, http__allowed_origins=APP)
    request = urllib.request.Request(f"{fleet.producer_url}/v1/events", headers={
        "Origin": APP, "Accept": "text/event-stream", "Cookie": f"session_token={tokens.token()}"})
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert stream.headers["Access-Control-Allow-Origin"] == APP and stream.headers["Access-Control-Allow-Credentials"] == "true"


# ---- rates ----

def test_each_caller_has_a_rate_of_his_own(fleet):
    fleet.start_producer(http__rate_per_minute=1, http__rate_burst=3)
    first = [fleet.api("GET", "/v1/providers") for _ in range(4)]
    assert [answer.status for answer in first] == [200, 200, 200, 429]
    assert [answer.headers["ratelimit-policy"] for answer in first] == ['"caller";q=3;w=180'] * 4
    assert [answer.headers["ratelimit"].split(";")[1] for answer in first] == ["r=2", "r=1", "r=0", "r=0"]
    assert refusal(first[3]) == (429, "rate_limited") and 50 <= int(first[3].headers["retry-after"]) <= 60
    other = fleet.new_tenant("second").api("GET", "/v1/providers")
    assert other.status == 200 and other.headers["ratelimit"].startswith('"caller";r=2;')


def test_without_a_limit_nothing_is_said_of_one(fleet):
    fleet.start_producer()
    assert not any(name.startswith("ratelimit") for name in fleet.api("GET", "/v1/providers").headers)
