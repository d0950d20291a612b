# SPDX-License-Identifier: Apache-2.0
"""Who may call the HTTP service, and for what: service keys, users' tokens, cookies, origins, rates."""
import datetime

SOON = {"auth__remember_ms": 200}


def refusal(answer):
    """Status and code of a problem."""
    return answer.status, answer.body["code"]


def keys_of(fleet):
    return fleet.api("GET", "/v1/keys").body["keys"]


# ---- service keys ----

def test_keys_are_made_listed_and_revoked(fleet):
    fleet.start_producer()
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
