# SPDX-License-Identifier: Apache-2.0
"""The simulated Selling Partner API: its answers are those of Amazon's own models, its tokens die, its usage plans hold."""
import copy
import json
import pathlib
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

import jsonschema
import pytest

from test_simulator import port, sim  # noqa: F401 (fixtures)

SPECS = pathlib.Path(__file__).parents[1] / "specs" / "amazon"
MARKETPLACE = "ATVPDKIKX0DER"
RECORDS = {"orders": 250, "financial_events": 450, "inventory": 120}
NOW = datetime.now(timezone.utc)


def ago(**delta):
    return (NOW - timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


YEAR = ago(days=365)
ORDERS = ("/orders/v0/orders", {"MarketplaceIds": MARKETPLACE, "LastUpdatedAfter": YEAR})
NEW_ORDERS = ("/orders/2026-01-01/orders", {"lastUpdatedAfter": YEAR, "includedData": "PROCEEDS,FULFILLMENT"})
EVENTS = ("/finances/v0/financialEvents", {"PostedAfter": ago(days=100)})
TRANSACTIONS = ("/finances/2024-06-19/transactions", {"postedAfter": ago(days=100)})
STOCK = ("/fba/inventory/v1/summaries", {"granularityType": "Marketplace", "granularityId": MARKETPLACE,
                                         "marketplaceIds": MARKETPLACE, "details": "true"})
# How each says where its next page is, and takes it.
NEXT = {ORDERS[0]: ("NextToken", lambda body: body["payload"].get("NextToken")),
        NEW_ORDERS[0]: ("paginationToken", lambda body: body.get("pagination", {}).get("nextToken")),
        EVENTS[0]: ("NextToken", lambda body: body["payload"].get("NextToken")),
        TRANSACTIONS[0]: ("nextToken", lambda body: body["payload"].get("nextToken")),
        STOCK[0]: ("nextToken", lambda body: body.get("pagination", {}).get("nextToken"))}


class Model:
    """One of Amazon's descriptions (Swagger 2), read strictly: a field that it does not name is a fault."""

    def __init__(self, file):
        self.document = json.loads((SPECS / file).read_text())
        self.definitions = copy.deepcopy(self.document["definitions"])
        for schema in self.definitions.values():
            if schema.get("type") == "object" and "properties" in schema and "discriminator" not in schema:
                schema["additionalProperties"] = False

    def check(self, path, status, body, method="get"):
        ref = self.document["paths"][path][method]["responses"][str(status)]["schema"]["$ref"]
        schema = {"$ref": ref, "definitions": self.definitions}
        jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(body)


@pytest.fixture(scope="module")
def models():
    files = {ORDERS[0]: "ordersV0.json", NEW_ORDERS[0]: "orders_2026-01-01.json", EVENTS[0]: "financesV0.json",
             TRANSACTIONS[0]: "finances_2024-06-19.json", STOCK[0]: "fbaInventory.json",
             "/sellers/v1/marketplaceParticipations": "sellers.json",
             "/tokens/2021-03-01/restrictedDataToken": "tokens_2021-03-01.json"}
    return {path: Model(file) for path, file in files.items()}


@pytest.fixture
def seller(sim):  # noqa: F811
    sim.account("a", records=RECORDS)
    return sim


def ask(sim, call, status=200, token="at-a-1", **more):  # noqa: F811
    path, query = call
    got, headers, body = sim.call("GET", f"{path}?{urllib.parse.urlencode({**query, **more})}", headers={"x-amz-access-token": token})
    assert got == status, body
    return json.loads(body), headers


def walk(sim, call, **more):  # noqa: F811
    """Every page; the token's parameter comes with the same others."""
    name, token_of = NEXT[call[0]]
    token, pages = None, []
    while token or not pages:
        body, _ = ask(sim, call, **more, **({name: token} if token else {}))
        pages.append(body)
        token = token_of(body)
        assert len(pages) < 100
    return pages


def rows(sim, resource, api="amazon"):  # noqa: F811
    return sim.get(f"/control/accounts/a/rows?resource={resource}&n=100000&api={api}")


def events_of(pages):
    return [event for page in pages for events in page["payload"]["FinancialEvents"].values() for event in events]


RECORDS_OF = {ORDERS[0]: lambda page: page["payload"]["Orders"], NEW_ORDERS[0]: lambda page: page["orders"],
              EVENTS[0]: lambda page: events_of([page]), TRANSACTIONS[0]: lambda page: page["payload"]["transactions"],
              STOCK[0]: lambda page: page["payload"]["inventorySummaries"]}


def alike(left, right):
    return sorted(json.dumps(one, sort_keys=True) for one in left) == sorted(json.dumps(one, sort_keys=True) for one in right)


# --- what is served is what the models say ---

@pytest.mark.parametrize("call,api,resource", [
    (ORDERS, "amazon", "orders"), (NEW_ORDERS, "amazon-2026-01-01", "orders"), (EVENTS, "amazon", "financial_events"),
    (TRANSACTIONS, "amazon-2024-06-19", "financial_events"), (STOCK, "amazon", "inventory"),
], ids=["orders", "new-orders", "events", "transactions", "stock"])
def test_pages_are_as_modelled_and_hold_every_record(seller, models, call, api, resource):
    pages = walk(seller, call)
    assert len(pages) == {"inventory": 3, "orders": 3, "financial_events": 5}[resource]
    for page in pages:
        plain = copy.deepcopy(page)
        for stock in plain.get("payload", {}).get("inventorySummaries", []):
            if stock["lastUpdatedTime"] == "":  # seen, though the model says date-time
                del stock["lastUpdatedTime"]
        models[call[0]].check(call[0], 200, plain)
    assert alike([record for page in pages for record in RECORDS_OF[call[0]](page)], rows(seller, resource, api))


def test_items_of_every_order(seller, models):
    path = "/orders/v0/orders/{orderId}/orderItems"
    items = []
    for order in rows(seller, "orders")[:20]:
        body, _ = ask(seller, (path.replace("{orderId}", order["AmazonOrderId"]), {}))
        models[ORDERS[0]].check(path, 200, body)
        assert body["payload"]["AmazonOrderId"] == order["AmazonOrderId"]
        items += body["payload"]["OrderItems"]
    assert alike(items, rows(seller, "order_items")[:len(items)]) and len(rows(seller, "order_items")) == 375
    ask(seller, ("/orders/v0/orders/701-0000000-0000000/orderItems", {}), 404)


def test_marketplaces(seller, models):
    path = "/sellers/v1/marketplaceParticipations"
    body, _ = ask(seller, (path, {}))
    models[path].check(path, 200, body)
    assert [one["marketplace"]["id"] for one in body["payload"] if one["participation"]["isParticipating"]] == \
        [MARKETPLACE, "A2EUQ1WTGCTBG2"]


@pytest.mark.parametrize("call", [ORDERS, NEW_ORDERS, EVENTS, TRANSACTIONS, STOCK], ids=lambda call: call[0])
@pytest.mark.parametrize("dial,status,code", [("expire_token", 403, "Unauthorized"), ("throttle", 429, "QuotaExceeded"),
                                              ("forbidden", 403, "Unauthorized"), ("expired_cursor", 400, "InvalidInput")])
def test_failures_are_as_modelled(seller, models, call, dial, status, code):
    seller.dial("a", {"dial": dial})
    body, _ = ask(seller, call, status)
    # Its model says {"payload"}; what comes is what every other operation says.
    if call != TRANSACTIONS:
        models[call[0]].check(call[0], status, body)
    assert body["errors"][0]["code"] == code


def test_a_token_that_expired_is_a_403_that_speaks_of_it(seller):
    seller.account("a", expires_in=0)
    body, _ = ask(seller, ORDERS, 403)
    assert "access token" in body["errors"][0]["details"] and "expired" in body["errors"][0]["details"]
    body, _ = ask(seller, ORDERS, 403, token="at-nobody-1")
    assert "invalid" in body["errors"][0]["details"]


@pytest.mark.parametrize("call,query", [
    (ORDERS, {"MarketplaceIds": ""}), (ORDERS, {"LastUpdatedAfter": ""}), (ORDERS, {"CreatedAfter": YEAR}),
    (ORDERS, {"MaxResultsPerPage": 101}), (ORDERS, {"LastUpdatedBefore": ago(days=-1)}), (ORDERS, {"NextToken": "nonsense"}),
    (NEW_ORDERS, {"createdAfter": YEAR}), (NEW_ORDERS, {"lastUpdatedBefore": ago(days=-1)}),
    (EVENTS, {"PostedAfter": "soon"}), (EVENTS, {"PostedBefore": ago(days=-1)}), (TRANSACTIONS, {"postedAfter": ""}),
    (STOCK, {"granularityType": "Region"}), (STOCK, {"marketplaceIds": "A,B"}), (STOCK, {"nextToken": "nonsense"}),
])
def test_refusals(seller, call, query):
    body, _ = ask(seller, call, 400, **query)
    assert body["errors"][0]["code"] == "InvalidInput"


# --- what it does to whoever walks ---

@pytest.mark.parametrize("call,setting", [(ORDERS, "orders"), (NEW_ORDERS, "orders"), (TRANSACTIONS, "transactions"),
                                          (EVENTS, "finances"), (STOCK, "inventory")], ids=lambda one: str(one)[:40])
def test_tokens_die_and_are_bound(seller, call, setting):
    name, token_of = NEXT[call[0]]
    token = token_of(ask(seller, call)[0])
    assert set(token) & set("+/=")
    ask(seller, call, 400, **{name: token, "other": "x"})
    ask(seller, call, **{name: token})
    seller.account("a", amazon={f"{setting}_token_life": 0})
    assert ask(seller, call, 400, **{name: token})[0]["errors"][0]["code"] == "InvalidInput"


def test_a_bogus_finances_token_answers_with_nothing(seller):
    assert ask(seller, EVENTS, NextToken="bogus")[0] == {"payload": {}}
    token = ask(seller, EVENTS)[0]["payload"]["NextToken"]
    seller.account("a", amazon={"finances_token_life": 0, "silent_tokens": True})
    assert ask(seller, EVENTS, NextToken=token)[0] == {"payload": {}}


@pytest.mark.parametrize("call", [ORDERS, NEW_ORDERS, EVENTS, TRANSACTIONS, STOCK], ids=lambda call: call[0])
def test_empty_pages_lead_on(seller, call):
    seller.account("a", amazon={"empty_every": 2})
    pages = [RECORDS_OF[call[0]](page) for page in walk(seller, call)]
    seller.account("a", amazon={"empty_every": 0})
    full = [RECORDS_OF[call[0]](page) for page in walk(seller, call)]
    assert [page for page in pages if page] == full and [page for page in pages[:-1] if not page]


def test_the_same_order_on_two_pages(seller):
    seller.dial("a", {"dial": "overlapping_page", "after": 1, "rows": 3})
    ids = [order["AmazonOrderId"] for page in walk(seller, ORDERS) for order in page["payload"]["Orders"]]
    assert len(ids) == 253 and len(set(ids)) == 250


def test_too_long_a_window_of_money_is_empty(seller):
    body, _ = ask(seller, EVENTS, PostedAfter=ago(days=200))
    assert events_of([body]) == []


def test_windows_are_exclusive_at_their_end(seller):
    events = sorted(rows(seller, "financial_events", "amazon-2024-06-19"), key=lambda event: event["postedDate"])
    at = events[100]["postedDate"]
    first = walk(seller, TRANSACTIONS, postedBefore=at)
    rest = walk(seller, TRANSACTIONS, postedAfter=at)
    count = [sum(len(page["payload"]["transactions"]) for page in pages) for pages in (first, rest)]
    assert sum(count) == 450 and count[0] == sum(event["postedDate"] < at for event in events)


def test_equal_events_happen(seller):
    texts = [json.dumps(event, sort_keys=True) for event in rows(seller, "financial_events")]
    assert len(texts) - len(set(texts)) == 450 // 16


def test_usage_plans(seller):
    _, headers = ask(seller, STOCK)
    assert float(headers["x-amzn-RateLimit-Limit"]) > 2
    seller.account("a", amazon={"usage_plans": True})
    _, headers = ask(seller, STOCK)
    assert headers["x-amzn-RateLimit-Limit"] == "2.0"
    ask(seller, STOCK)
    body, headers = ask(seller, STOCK, 429)
    assert body["errors"][0]["code"] == "QuotaExceeded" and headers["x-amzn-RateLimit-Limit"] is None
    ask(seller, ORDERS)  # another operation's
    deadline = time.monotonic() + 10
    while seller.call("GET", f"{STOCK[0]}?{urllib.parse.urlencode(STOCK[1])}", headers={"x-amz-access-token": "at-a-1"})[0] == 429:
        assert time.monotonic() < deadline


def test_numbers_and_flags_as_texts(seller):
    seller.account("a", amazon={"texts": True})
    order = ask(seller, ORDERS)[0]["payload"]["Orders"][0]
    assert order["IsPrime"] in ("true", "false") and order["NumberOfItemsShipped"].isdigit()
    assert ask(seller, STOCK)[0]["payload"]["inventorySummaries"][0]["totalQuantity"].isdigit()


def test_buyers_are_for_restricted_tokens(seller, models):
    path = "/tokens/2021-03-01/restrictedDataToken"
    wanted = {"restrictedResources": [{"method": "GET", "path": "/orders/v0/orders", "dataElements": ["buyerInfo"]}]}
    status, _, text = seller.call("POST", path, wanted, {"x-amz-access-token": "at-a-1"})
    models[path].check(path, 200, json.loads(text), "post")
    restricted = json.loads(text)["restrictedDataToken"]
    assert status == 200 and restricted.startswith("Atz.sprdt|")
    assert seller.call("POST", path, {}, {"x-amz-access-token": "at-a-1"})[0] == 400
    assert "BuyerInfo" not in ask(seller, ORDERS)[0]["payload"]["Orders"][0]
    body, _ = ask(seller, ORDERS, token=restricted)
    models[ORDERS[0]].check(ORDERS[0], 200, body)
    assert body["payload"]["Orders"][0]["BuyerInfo"]["BuyerEmail"]
    parts = {"includedData": "BUYER,RECIPIENT"}
    assert "buyer" not in ask(seller, NEW_ORDERS, **parts)[0]["orders"][0]
    body, _ = ask(seller, NEW_ORDERS, token=restricted, **parts)
    models[NEW_ORDERS[0]].check(NEW_ORDERS[0], 200, body)
    assert body["orders"][0]["buyer"]["buyerEmail"] and "proceeds" not in body["orders"][0]


# --- changes ---

def test_what_changes_is_dated_as_told(seller):
    seller.account("a", version=2, changed_share=0.1, amazon={"backdate": 600})
    seller.account("a", records={"orders": 260, "financial_events": 460})
    changed = [order for page in walk(seller, ORDERS, LastUpdatedAfter=ago(hours=1)) for order in page["payload"]["Orders"]]
    assert len(changed) == 25 + 10
    assert not any(order["OrderStatus"] == "Pending" for order in changed[:25])
    assert len(events_of(walk(seller, EVENTS, PostedAfter=ago(hours=1)))) == 10


# --- LWA ---

def lwa(sim, **form):  # noqa: F811
    form = {"client_id": "id", "client_secret": "secret", **form}
    status, _, body = sim.call("POST", "/auth/o2/token", urllib.parse.urlencode(form),
                               {"Content-Type": "application/x-www-form-urlencoded"})
    return status, json.loads(body)


def test_refresh_tokens_stay(seller):
    for n in (2, 3):
        status, pair = lwa(seller, grant_type="refresh_token", refresh_token="rt-a-1")
        assert (status, pair) == (200, {"access_token": f"at-a-{n}", "refresh_token": "rt-a-1", "token_type": "bearer",
                                        "expires_in": 3600})
    ask(seller, ORDERS, token="at-a-2")  # lives on beside its successor
    assert lwa(seller, grant_type="authorization_code", code="code-a-1")[1]["refresh_token"] == "rt-a-1"
    seller.account("a", amazon={"revoked": True})
    assert lwa(seller, grant_type="refresh_token", refresh_token="rt-a-1")[1]["error"] == "invalid_grant"
    assert lwa(seller, grant_type="refresh_token", refresh_token="rt-a-1", client_id="rotated") == \
        (401, {"error": "invalid_client", "error_description": "Client authentication failed"})
    assert lwa(seller, grant_type="password")[1]["error"] == "unsupported_grant_type"
