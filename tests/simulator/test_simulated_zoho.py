# SPDX-License-Identifier: Apache-2.0
"""The simulated Zoho CRM: paging with its caps, changes, deletions, COQL and tokens."""
import json
import re
import urllib.parse

import pytest

from test_simulator import port, sim  # noqa: F401 (fixtures)

TOKEN = {"Authorization": "Zoho-oauthtoken at-z-1"}


def ask(sim, path, status=200, headers=None, body=None, **query):  # noqa: F811
    text = f"{path}?{urllib.parse.urlencode(query)}" if query else path
    got, _, answer = sim.call("POST" if body else "GET", f"/crm/v8/{text}", body, {**TOKEN, **(headers or {})})
    assert got == status, answer
    return json.loads(answer) if answer else None


def leads(sim, status=200, headers=None, **query):  # noqa: F811
    defaults = {"fields": "Last_Name,Modified_Time", "sort_by": "id", "sort_order": "asc", "converted": "both"}
    return ask(sim, "Leads", status, headers, **{**defaults, **query})


@pytest.fixture
def org(sim):  # noqa: F811
    sim.account("z", records={"leads": 450, "deals": 0})
    return sim


def walk(sim, **query):  # noqa: F811
    page = leads(sim, **query)
    while True:
        yield page
        if not page["info"]["more_records"]:
            return
        page = leads(sim, page_token=page["info"]["next_page_token"], **query)


def test_page_tokens_lead_to_every_record_once(org):
    pages = list(walk(org))
    ids = [record["id"] for page in pages for record in page["data"]]
    assert [len(page["data"]) for page in pages] == [200, 200, 50]
    assert len(set(ids)) == 450 and ids == sorted(ids) and {len(id) for id in ids} == {19}
    assert pages[-1]["info"]["next_page_token"] is None
    assert set(pages[0]["data"][0]) == {"id", "Last_Name", "Modified_Time"}


def test_a_token_goes_on_although_records_went(org):
    first = leads(org)
    org.account("z", removed={"leads": [0, 1, 2]})
    second = leads(org, page_token=first["info"]["next_page_token"])
    rows = org.get("/control/accounts/z/rows?resource=leads&n=1000")
    assert [record["id"] for record in second["data"]] == [row["id"] for row in rows[197:397]]


@pytest.mark.parametrize("query,code", [
    ({"fields": ""}, "REQUIRED_PARAM_MISSING"),
    ({"fields": ",".join(f"F{n}" for n in range(51))}, "LIMIT_EXCEEDED"),
    ({"per_page": 201}, "INVALID_DATA"),
    ({"page": 11}, "DISCRETE_PAGINATION_LIMIT_EXCEEDED"),
    ({"page_token": "nonsense"}, "INVALID_DATA"),
    ({"ids": ",".join("1" * 101)}, "LIMIT_EXCEEDED"),
    ({"sort_by": "Last_Name"}, "INVALID_DATA"),
])
def test_refusals(org, query, code):
    answer = leads(org, status=400, **query)
    assert answer["code"] == code and answer["status"] == "error" and set(answer) == {"code", "details", "message", "status"}


def test_tokens_are_bound_and_die(org):
    token = leads(org)["info"]["next_page_token"]
    assert leads(org, 400, page_token=token, per_page=100)["code"] == "TOKEN_BOUND_DATA_MISMATCH"
    assert leads(org, 400, {"If-Modified-Since": "2026-01-01T00:00:00+00:00"}, page_token=token)["code"] == "TOKEN_BOUND_DATA_MISMATCH"
    assert leads(org, 400, page_token=token, page=2)["code"] == "AMBIGUITY_DURING_PROCESSING"
    org.account("z", zoho={"page_token_life": 0})
    assert leads(org, 400, page_token=token)["code"] == "EXPIRED_VALUE"


def test_the_caps_can_be_set(org):
    org.account("z", zoho={"token_cap": 300, "page_cap": 200})
    assert leads(org, 400, page=2)["code"] == "DISCRETE_PAGINATION_LIMIT_EXCEEDED"
    token = leads(org)["info"]["next_page_token"]
    assert leads(org, 400, page_token=token)["code"] == "PAGINATION_LIMIT_EXCEEDED"


def test_changes(org):
    since = {"If-Modified-Since": "2026-06-01T00:00:00+05:30"}
    assert leads(org, 304, since) is None
    assert ask(org, "Deals", 204, fields="id") is None
    org.account("z", version=2, changed_share=0.1)
    assert len(leads(org, headers=since)["data"]) == 45


def test_converted_leads(org):
    def ids(**query):
        return {record["id"] for page in walk(org, **query) for record in page["data"]}
    both, yes, no = ids(), ids(converted="true"), ids(converted="false")
    assert yes and no and not yes & no and yes | no == both


def test_times_have_the_organisations_offset(org):
    for offset, text in ((19800, "+05:30"), (-12600, "-03:30"), (0, "+00:00")):
        org.account("z", zoho={"utc_offset": offset})
        assert all(record["Modified_Time"].endswith(text) for record in leads(org)["data"])


def test_single_records_and_several(org):
    ids = [record["id"] for record in leads(org, per_page=4)["data"]]
    assert ask(org, f"Leads/{ids[0]}")["data"][0]["id"] == ids[0]
    assert ask(org, "Leads/123", 400)["code"] == "INVALID_DATA"
    org.account("z", removed={"leads": [1]})
    assert ask(org, f"Leads/{ids[1]}", 204) is None
    assert [record["id"] for record in leads(org, ids=",".join(reversed(ids)))["data"]] == [ids[3], ids[2], ids[0]]
    assert leads(org, 204, ids=ids[1]) is None


def test_deletions_newest_first_until_they_are_restored(org):
    assert ask(org, "Leads/deleted", 204) is None
    rows = org.get("/control/accounts/z/rows?resource=leads&n=1000")
    org.account("z", removed={"leads": [3, 5]})
    gone = ask(org, "Leads/deleted", type="all", per_page=1)
    assert gone["info"]["more_records"] and gone["data"][0]["id"] == rows[5]["id"]
    assert ask(org, "Leads/deleted", page=2, per_page=1)["data"][0]["id"] == rows[3]["id"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", gone["data"][0]["deleted_time"])
    assert ask(org, "Leads/deleted", 204, type="permanent") is None
    assert ask(org, "Leads/deleted", 304, {"If-Modified-Since": "2100-01-01T00:00:00Z"}) is None
    org.account("z", removed={"leads": [5]})
    assert [record["id"] for record in ask(org, "Leads/deleted")["data"]] == [rows[5]["id"]]


def coql(sim, query, status=200):  # noqa: F811
    return ask(sim, "coql", status, body={"select_query": query})


def test_coql(org):
    rows = org.get("/control/accounts/z/rows?resource=leads&n=1000")
    after = rows[9]["id"]
    answer = coql(org, f"select id from Leads where id > {after} order by id asc limit 3")
    assert answer == {"data": [{"id": row["id"]} for row in rows[10:13]], "info": {"count": 3, "more_records": True}}
    answer = coql(org, f"select id, Owner from Leads where (id > {after} and Modified_Time >= '2024-01-01T00:00:00+00:00') limit 1")
    assert answer["data"] == [{"id": rows[10]["id"], "Owner": {"id": rows[10]["Owner"]["id"]}}]
    assert coql(org, f"select id from Leads where id > {rows[-1]['id']} limit 5", 204) is None
    assert coql(org, f"select id from Leads where id > {after} limit 2001", 400)["code"] == "LIMIT_EXCEEDED"
    for wrong in ("select id from Leads", "select id from Nothing where id > 1", "update Leads", "select id from Leads where id > 1 limit x"):
        assert coql(org, wrong, 400)["code"] == "SYNTAX_ERROR"


def grant(sim, **form):  # noqa: F811
    defaults = {"grant_type": "refresh_token", "refresh_token": "rt-z-1", "client_id": "c", "client_secret": "s"}
    status, _, text = sim.call("POST", "/oauth/v2/token", urllib.parse.urlencode({**defaults, **form}))
    assert status == 200
    return json.loads(text)


def test_tokens(org):
    assert grant(org)["access_token"] == "at-z-2"
    leads(org)  # the one before is good still
    assert grant(org, refresh_token="rt-z-9") == {"error": "invalid_code"}
    assert leads(org, 401, {"Authorization": "Bearer at-z-1"})["code"] == "AUTHENTICATION_FAILURE"
    for _ in range(9):
        answer = grant(org)
    assert (answer["expires_in"], answer["api_domain"]) == (3600, "https://www.zohoapis.com") and "refresh_token" not in answer
    assert grant(org)["error"] == "Access Denied"
    org.account("z", zoho={"revoked": True, "tokens_max": 20})
    assert grant(org) == {"error": "invalid_code"}


def test_fifteen_tokens_live(org):
    org.account("z", zoho={"tokens_max": 60})
    for _ in range(15):
        leads(org)
        grant(org)
    assert leads(org, 401)["code"] == "INVALID_TOKEN"
