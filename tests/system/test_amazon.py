# SPDX-License-Identifier: Apache-2.0
"""Amazon as its sellers know it: connect, press "Sync", watch the progress, read claims, inventory and orders, cancel; and each
error with its body to the letter."""
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import psycopg2
import pytest

from conftest import LOGS
from harness import tokens
from harness.browser import Browser
from harness.fleet import USERS, Fleet
from harness.ledger import ROOT

API = "/api/v1/integrations/amazon"
APP = "https://app.example.com"  # the page that the user has open
PARTS = {"claims": ("financial_events", "transactions"), "inventory": ("inventory",), "orders": ("orders", "order_items")}
NOT_CONNECTED = {"success": False, "message": "Amazon account not connected. Please connect your Amazon account first.",
                 "error": "amazon_not_connected"}
UNAUTHORIZED = {"success": False, "message": "Unauthorized. Please log in.", "error": "unauthorized"}


# What it takes to connect an account; nobody listens at the app.
CONNECTING = {"http__allowed_origins": APP, "oauth__clients": "amazon=client:secret", "oauth__state_key": "x" * 32,
              "oauth__redirect_uris": f"amazon=https://api.example.com{API}/callback", "oauth__return_to": f"{APP}/",
              "outgoing__allow_plain_loopback": True, "amazon__application_id": "amzn1.sp.solution.1"}


def come_back(fleet, **query):
    """Amazon leads the seller's browser here."""
    return Browser().get(f"{fleet.producer_url}{API}/callback?{urlencode(query)}")


class Seller:
    """A user who calls with the cookie of his session, as a browser does."""

    def __init__(self, fleet, name="user123", tenant=None, role=None):
        self.fleet, self.name, self.tenant = fleet, name, tenant or fleet.tenant
        self.token = tokens.token(subject=name, tenant=self.tenant.name, role=role)
        self.id = fleet.value("select user_seen(%s, %s)", self.tenant.id, name)

    def ask(self, method, path, body=None, status=200):
        answer = self.fleet.http(method, self.fleet.producer_url + path, body, {"Cookie": f"session_token={self.token}", "Origin": APP})
        assert answer.status == status, answer
        return answer.body

    def account(self, account, own=None, **settings):
        """An account of his, as if he had connected it."""
        made = self.tenant.connection(account, "amazon", {"region": "na", "marketplace_ids": ["ATVPDKIKX0DER"], **(own or {})}, **settings)
        self.fleet.sql("update connections set owner_user_id = %s where connection_id = %s", self.id, made.id)
        return made

    def sync(self, status=200):
        return self.ask("POST", f"{API}/sync", {}, status)

    def rows(self):
        """His part of sync_progress."""
        return self.fleet.sql("select * from sync_progress where user_id = %s", self.id)

    def progress(self, sync=None):
        return self.ask("GET", "/api/sync/status" + (f"?syncId={sync}" if sync else ""))


@pytest.fixture(scope="module")
def service(kafka, postgres, template, ledger):
    """A producer without workers: what is begun stays where a test puts it."""
    logs = LOGS / "test_amazon"
    logs.mkdir(exist_ok=True)
    fleet = Fleet("amazon", postgres, kafka, ledger, logs)
    fleet.start_producer(**USERS, http__allowed_origins=APP)
    yield fleet
    fleet.close()


@pytest.fixture
def shop(service, request):
    return Seller(service, tenant=service.new_tenant(request.node.name))


def tasks(shop, resources, **columns):
    """Puts the tenant's tasks of these resources into a state."""
    changes = ", ".join(f"{name} = %s" for name in columns)
    shop.fleet.sql(f"update sync_tasks set {changes} where resource = any(%s) and ended_at is null and tenant_id = %s", *columns.values(),
                   list(resources), shop.tenant.id)


def end(shop, resources, state="completed", error=None):
    shop.fleet.sql("select end_tasks(array_agg(task_id), array_agg(%s::text), array_agg(%s::text), array_agg(%s::text)) from sync_tasks "
                   "where resource = any(%s) and ended_at is null and tenant_id = %s", state, error and "transient", error,
                   list(resources), shop.tenant.id)


# ---- the whole of it ----

def test_a_sellers_day(fleet):
    """He connects his account, presses "Sync", watches, reads what came, and presses again."""
    fleet.start_producer(**USERS, **CONNECTING, providers__origins=fleet.simulator.origins())
    fleet.start_worker()
    fleet.simulator.account("A1SELLER", records={"orders": 60, "inventory": 40, "financial_events": 80}, latency_ms=20)
    seller = Seller(fleet)
    assert seller.sync(400) == NOT_CONNECTED
    away = dict(parse_qsl(urlsplit(seller.ask("POST", f"{API}/connect", {"returnTo": f"{APP}/amazon"})["url"]).query))
    page = come_back(fleet, state=away["state"], spapi_oauth_code="code-A1SELLER-1", selling_partner_id="A1SELLER")
    assert page.to.startswith(f"{APP}/amazon?connection_id=") and seller.ask("GET", f"{API}/status")["connected"]

    started = seller.sync()
    assert started == {"success": True, "syncId": started["syncId"], "message": "Sync started successfully", "status": "in_progress",
                       "estimatedDuration": "30-60 seconds"}
    seen = [seller.progress(started["syncId"])]
    while seen[-1]["status"] == "running":
        time.sleep(0.05)  # as its page does
        seen.append(seller.progress(started["syncId"]))
    done = seen[-1]
    assert (done["status"], done["progress"], done["message"]) == ("completed", 100, "Sync completed"), done
    assert [one["progress"] for one in seen] == sorted(one["progress"] for one in seen)
    assert [one["step"] for one in seen] == sorted(one["step"] for one in seen)
    claims, _ = pages(seller, "claims", "claims", 7)
    assert done["results"] == {"claims": {"count": len(claims), "status": "success"}, "inventory": {"count": 40, "status": "success"},
                               "orders": {"count": 60, "status": "success"}} and claims
    assert [one["createdAt"] for one in claims] == sorted((one["createdAt"] for one in claims), reverse=True)
    orders, _ = pages(seller, "orders", "orders", 25)
    assert {one["orderId"] for one in orders} == {row["AmazonOrderId"] for row in fleet.simulator.rows("A1SELLER", "orders", "amazon")}
    assert sum(len(one["items"]) for one in orders) == fleet.simulator.state("A1SELLER")["records"]["order_items"]
    assert len(pages(seller, "inventory", "inventory", 15)[0]) == 40
    assert seller.ask("GET", f"{API}/status")["lastSync"]["syncId"] == started["syncId"]
    again = seller.sync()
    assert again["estimatedDuration"] == "5-10 seconds"
    fleet.wait_until(lambda: seller.progress()["status"] == "completed", what="the second sync")
    assert [row["status"] for row in seller.rows()] == ["completed"] * 2


# ---- starting ----

def test_a_sync_is_started(shop):
    shop.account("A1SELLER")
    before = time.time() * 1000
    answer = shop.sync()
    assert answer == {"success": True, "syncId": answer["syncId"], "message": "Sync started successfully", "status": "in_progress",
                      "estimatedDuration": "30-60 seconds"}
    user, ms = re.fullmatch(r"sync_(.+)_(\d{13})", answer["syncId"]).groups()
    assert user == "user123" and before - 1000 <= int(ms) <= time.time() * 1000
    waiting = shop.progress(answer["syncId"])
    assert {"status": "running", "progress": 0, "message": "Waiting to start...", "step": 0, "totalSteps": 5}.items() <= waiting.items()
    assert {**shop.progress(), "updatedAt": None} == {**waiting, "updatedAt": None}


def test_without_a_connection(shop):
    assert shop.sync(400) == NOT_CONNECTED
    account = shop.account("A1SELLER")
    for status in ("reauthorize", "disconnected"):
        shop.fleet.sql("update connections set status = %s where connection_id = %s", status, account.id)
        assert shop.sync(400) == NOT_CONNECTED
    Seller(shop.fleet, "another", shop.tenant).account("A2SELLER")  # somebody else's is not his
    assert shop.sync(400) == NOT_CONNECTED


def test_without_a_session(shop):
    for cookie in ("", "session_token=nonsense", f"session_token={tokens.token(life_s=-60)}"):
        answer = shop.fleet.http("POST", shop.fleet.producer_url + f"{API}/sync", {}, {"Cookie": cookie, "Origin": APP})
        assert (answer.status, answer.body) == (401, UNAUTHORIZED)
    assert shop.fleet.http("POST", shop.fleet.producer_url + f"{API}/sync", {}, key=shop.token).body == NOT_CONNECTED


def test_a_cookie_from_elsewhere_is_no_session(shop):
    shop.account("A1SELLER")
    answer = shop.fleet.http("POST", shop.fleet.producer_url + f"{API}/sync", {},
                             {"Cookie": f"session_token={shop.token}", "Origin": "https://evil.example"})
    assert answer.status == 403 and answer.body["success"] is False
    assert shop.fleet.value("select count(*) from syncs where tenant_id = %s", shop.tenant.id) == 0


def test_a_sync_that_is_running_already(shop):
    shop.account("A1SELLER")
    first = shop.sync()["syncId"]
    assert shop.sync(409) == {
        "success": False, "message": f"Sync already in progress ({first}). Please wait for it to complete or cancel it first.",
        "error": "sync_in_progress", "existingSyncId": first}
    Seller(shop.fleet, "another", shop.tenant).account("A2SELLER")
    Seller(shop.fleet, "another", shop.tenant).sync()  # others are not in his way
    cancelled = shop.ask("POST", f"{API}/sync/{first}/cancel")
    assert cancelled == {"success": True, "syncId": first, "message": "Sync cancelled", "status": "cancelled"}
    assert shop.sync()["syncId"] != first


def test_of_many_at_once_one_begins(shop):
    """A double click, in as many windows as he likes."""
    shop.account("A1SELLER")
    headers = {"Cookie": f"session_token={shop.token}", "Origin": APP}
    with ThreadPoolExecutor(12) as clicks:
        answers = list(clicks.map(lambda _: shop.fleet.http("POST", shop.fleet.producer_url + f"{API}/sync", {}, headers), range(24)))
    (name,) = [answer.body["syncId"] for answer in answers if answer.status == 200]
    assert {(answer.status, answer.body["existingSyncId"]) for answer in answers if answer.status != 200} == {(409, name)}
    assert len(shop.rows()) == 1


def test_one_that_was_begun_otherwise_counts_too(shop):
    account = shop.account("A1SELLER")
    asked = shop.tenant.api("POST", "/v1/syncs", {"provider": "amazon", "connection_id": account.id, "resources": ["inventory"]})
    refused = shop.sync(409)
    assert shop.progress(refused["existingSyncId"])["status"] == "running"
    ms = int(asked.body["sync_id"].replace("-", "")[:12], 16)
    assert refused["existingSyncId"] == f"sync_user123_{ms}"


def test_a_server_error(shop):
    shop.account("A1SELLER")
    shop.fleet.sql("alter table sync_members rename to away")
    try:
        assert shop.sync(500) == {"success": False, "message": "Failed to start sync. Please try again later.", "error": "internal_server_error"}
    finally:
        shop.fleet.sql("alter table away rename to sync_members")


def test_the_body_must_be_empty_or_an_empty_object(shop):
    shop.account("A1SELLER")
    assert shop.ask("POST", f"{API}/sync", {"userId": "other"}, 400)["success"] is False
    shop.ask("POST", f"{API}/sync")


def test_several_accounts_are_one_sync(shop):
    for account in ("A1NA", "A2EU", "A3FE"):
        shop.account(account)
    name = shop.sync()["syncId"]
    assert shop.fleet.value("select count(*) from syncs where tenant_id = %s", shop.tenant.id) == 3
    assert len(shop.rows()) == 1
    assert shop.sync(409)["existingSyncId"] == name
    end(shop, sum(PARTS.values(), ()))
    assert shop.progress(name)["status"] == "completed"
    first, second = shop.fleet.sql("select connection_id::text as id from connections where tenant_id = %s order by connection_id",
                                   shop.tenant.id)[:2]
    shop.tenant.api("POST", "/v1/syncs", {"provider": "amazon", "connection_id": second["id"], "resources": ["orders"]})
    assert shop.sync(409)["error"] == "sync_in_progress"  # and the first account's is undone
    assert shop.fleet.value("select count(*) from syncs where connection_id = %s", first["id"]) == 1


def test_what_it_will_take_is_what_it_took(shop):
    account = shop.account("A1SELLER")
    for seconds, said in ((3, "5-10 seconds"), (45, "30-60 seconds"), (60, "40-80 seconds"), (600, "6-14 minutes"), (7200, "80-160 minutes")):
        shop.fleet.sql("delete from syncs where tenant_id = %s", shop.tenant.id)
        shop.fleet.sql("insert into syncs (sync_id, tenant_id, connection_id, provider, mode, source, state, open_tasks, created_at, ended_at) "
                       "values (uuid_v7(), %s, %s, 'amazon', 'full', 'http', 'completed', 0, now(), now() + %s * interval '1 second')",
                       shop.tenant.id, account.id, seconds)
        assert shop.fleet.value("select amazon_duration(array[%s]::uuid[])", account.id) == said, seconds


# ---- watching ----

def test_five_steps(shop):
    shop.account("A1SELLER")
    name = shop.sync()["syncId"]
    seen = [shop.progress(name)]

    def look(step, message):
        seen.append(shop.progress(name))
        assert (seen[-1]["step"], seen[-1]["message"], seen[-1]["status"]) == (step, message, "running"), seen[-1]

    everything = sum(PARTS.values(), ())
    tasks(shop, everything, state="running", started_at="now", epoch=1)
    look(1, "Connecting to Amazon...")
    tasks(shop, everything, page=1, records_inserted=10)
    look(2, "Fetching claims...")
    end(shop, PARTS["claims"])
    look(3, "Processing inventory...")
    tasks(shop, PARTS["inventory"], records_inserted=140, records_unchanged=10)
    end(shop, PARTS["inventory"])
    look(4, "Fetching orders...")
    tasks(shop, PARTS["orders"], records_inserted=100, expected_records=250)
    look(4, "Fetching orders...")
    assert seen[-1]["metadata"]["totalOrders"] == 250 and seen[-1]["completedAt"] is None
    assert {part: told["status"] for part, told in seen[-1]["results"].items()} == {
        "claims": "success", "inventory": "success", "orders": "running"}
    tasks(shop, PARTS["orders"], records_inserted=200, records_updated=50)
    end(shop, PARTS["orders"])
    done = shop.progress(name)
    assert (done["status"], done["progress"], done["step"], done["message"]) == ("completed", 100, 5, "Sync completed")
    assert done["results"] == {"claims": {"count": 0, "status": "success"}, "inventory": {"count": 150, "status": "success"},
                               "orders": {"count": 250, "status": "success"}}
    assert done["completedAt"] >= done["startedAt"]
    percents = [one["progress"] for one in seen] + [done["progress"]]
    assert percents == sorted(percents) and percents[0] == 0 and len(set(percents)) > 4
    row = shop.rows()[0]
    assert set(row) == {"id", "sync_id", "user_id", "status", "progress", "current_step", "step", "total_steps", "metadata", "created_at",
                        "updated_at"}
    assert (row["sync_id"], str(row["user_id"]), row["status"], row["progress"], row["step"], row["total_steps"]) == (
        name, str(shop.id), "completed", 100, 5, 5)
    assert {"ordersProcessed": 250, "totalOrders": 250, "claimsDetected": 0, "error": None}.items() <= row["metadata"].items()


def test_one_part_fails_and_the_others_do_not(shop):
    shop.account("A1SELLER")
    name = shop.sync()["syncId"]
    tasks(shop, sum(PARTS.values(), ()), state="running", started_at="now", page=1)
    end(shop, PARTS["inventory"], "failed", "503 for an hour")
    assert shop.progress(name)["status"] == "running"
    end(shop, PARTS["claims"] + PARTS["orders"])
    failed = shop.progress(name)
    assert (failed["status"], failed["message"]) == ("failed", "Sync failed: inventory: 503 for an hour") and failed["progress"] < 100
    assert failed["results"]["inventory"] == {"count": 0, "status": "failed", "error": "503 for an hour"}
    assert failed["results"]["claims"]["status"] == failed["results"]["orders"]["status"] == "success"
    assert shop.ask("POST", f"{API}/sync/{name}/cancel", status=409) == {
        "success": False, "message": "The sync has failed already.", "error": "sync_already_ended"}


def test_nobody_elses(shop):
    shop.account("A1SELLER")
    name = shop.sync()["syncId"]
    unknown = {"success": False, "message": "There is no such sync.", "error": "sync_not_found"}
    others = [Seller(shop.fleet, "another", shop.tenant), Seller(shop.fleet, "user123", shop.fleet.new_tenant("another of them"))]
    for who in others:
        assert who.ask("GET", f"/api/sync/status?syncId={name}", status=404) == unknown
        assert who.ask("POST", f"{API}/sync/{name}/cancel", status=404) == unknown
        assert who.progress()["status"] == "idle" and who.progress()["syncId"] is None
    for wrong in ("sync_user123_1", "sync_user123_99999999999999", "nonsense", name + "0", "sync_user12_" + name.rpartition("_")[2]):
        assert shop.ask("GET", f"/api/sync/status?syncId={wrong}", status=404) == unknown
    assert shop.progress(name)["status"] == "running"


@pytest.mark.parametrize("name", ["u" * 230, "u" * 231, "ü" * 127], ids=["230", "231", "254"])
def test_a_user_with_a_long_name(shop, name):
    """Whatever its user is called, a sync can be asked for by what it is called, and the view shows that whole."""
    who = Seller(shop.fleet, name, shop.tenant)
    who.account("A1SELLER")
    sync = who.sync()["syncId"]
    assert [row["sync_id"] for row in who.rows()] == [sync] and len(sync) <= 255
    path = quote(sync)
    assert who.progress(path)["syncId"] == sync and who.progress()["syncId"] == sync
    assert who.sync(409)["existingSyncId"] == sync
    assert who.ask("POST", f"{API}/sync/{path}/cancel", {})["syncId"] == sync


def test_the_connections_status(shop):
    idle = shop.ask("GET", f"{API}/status")
    assert {"success": True, "connected": False, "status": "not_connected", "sellerId": None, "lastSync": None, "accounts": 0}.items() <= idle.items()
    account = shop.account("A1SELLER", {"region": "sandbox-na"})
    name = shop.sync()["syncId"]
    shown = shop.ask("GET", f"{API}/status")
    assert {"connected": True, "status": "connected", "sellerId": "A1SELLER", "region": "sandbox-na", "isMock": True, "accounts": 1,
            "marketplaceIds": ["ATVPDKIKX0DER"]}.items() <= shown.items() and shown["lastSync"]["syncId"] == name
    shop.fleet.sql("update connections set status = 'reauthorize' where connection_id = %s", account.id)
    shown = shop.ask("GET", f"{API}/status")
    assert (shown["connected"], shown["status"]) == (False, "reconnect_required")
    assert "secret" not in json.dumps(shown)


# ---- reading ----

def store(fleet, table, connection, rows):
    """Rows as a worker would have stored them."""
    for row in rows:
        row = {"connection_id": connection.id, "tenant_id": connection.tenant.id, "content_hash": 0, **row}
        values = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
        fleet.sql(f"insert into {table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", *values)


def adjustment(n, amount="12.50"):
    """A reimbursement that Amazon posted n days into November."""
    payload = {"AdjustmentType": "REVERSAL_REIMBURSEMENT", "AdjustmentAmount": {"CurrencyCode": "USD", "CurrencyAmount": float(amount)},
               "PostedDate": f"2026-11-{n:02d}T00:00:00Z", "AdjustmentItemList": [{"SellerSKU": f"SKU-{n}", "ProductDescription": f"Lamp {n}"}]}
    return {"id": f"0/1/0/{n}", "window_from": "2026-11-01T00:00:00Z", "walk": 1, "event_list": "AdjustmentEventList",
            "posted_date": payload["PostedDate"], "payload": payload}


def refund(n):
    amount = {"CurrencyCode": "EUR", "CurrencyAmount": -3}
    payload = {"AmazonOrderId": f"111-0000000-{n:07d}", "PostedDate": f"2026-11-{n:02d}T00:00:00Z",
               "ShipmentItemAdjustmentList": [{"ItemChargeAdjustmentList": [{"ChargeType": "Principal", "ChargeAmount": amount}]}]}
    return {"id": f"0/1/1/{n}", "window_from": "2026-11-01T00:00:00Z", "walk": 1, "event_list": "RefundEventList",
            "posted_date": payload["PostedDate"], "order_id": payload["AmazonOrderId"], "payload": payload}


def stock(n, **more):
    return {"id": f"ATVPDKIKX0DER/SKU-{n:02d}/NewItem", "marketplace_id": "ATVPDKIKX0DER", "seller_sku": f"SKU-{n:02d}", "asin": f"B00{n:07d}",
            "product_name": f"Lamp & Söhne {n}", "condition": "NewItem", "quantity_total": n + 3, "quantity_fulfillable": n,
            "quantity_reserved": 1, "quantity_inbound_working": 1, "quantity_inbound_shipped": 1, "payload": {}, **more}


def order(n, **more):
    return {"id": f"111-0000000-{n:07d}", "purchase_date": f"2026-11-{n:02d}T10:00:00Z", "last_update_date": f"2026-11-{n:02d}T11:00:00Z",
            "amazon_status": "Shipped" if n % 2 else "Canceled", "network": "AFN" if n % 3 else "MFN", "order_total": "25.10", "currency": "USD",
            "payload": {}, **more}


def item(n):
    return {"id": f"{n:014d}", "order_id": f"111-0000000-{n:07d}", "asin": f"B00{n:07d}", "seller_sku": f"SKU-{n:02d}", "title": "Lamp",
            "quantity_ordered": 2, "item_price": "12.55", "currency": "USD", "payload": {}}


def pages(seller, path, name, limit, cursor=""):
    """All items of a list, and its pages' sizes; a page's Link leads to the next one."""
    items, sizes = [], []
    while cursor is not None:
        body = seller.ask("GET", f"{API}/{path}{'&' if '?' in path else '?'}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        items, sizes, cursor = items + body[name], sizes + [len(body[name])], body["pagination"]["nextCursor"]
    return items, sizes


def test_what_was_synced_is_read(shop):
    """Claims, inventory and orders: page by page, by filters, and nobody else's."""
    mine, other = shop.account("A1SELLER"), Seller(shop.fleet, "another", shop.tenant)
    theirs = other.account("A2SELLER")
    for account in (mine, theirs):
        store(shop.fleet, "amazon_financial_events", account, [adjustment(n) for n in range(1, 8)] + [refund(9), adjustment(10, "0")])
        shop.fleet.sql("insert into walk_windows (connection_id, resource, window_from, window_to, walk, records) values (%s, "
                       "'financial_events', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z', 1, 9)", account.id)
        store(shop.fleet, "amazon_inventory_summaries", account, [stock(n) for n in range(7)])
        store(shop.fleet, "amazon_order_records", account, [order(n) for n in range(1, 8)])
        store(shop.fleet, "amazon_order_item_records", account, [item(n) for n in range(1, 8)])
    shop.fleet.sql("update amazon_order_records set order_total = 99 where connection_id = %s", theirs.id)

    claims, sizes = pages(shop, "claims", "claims", 4)
    assert sizes == [4, 4, 1] and [claim["createdAt"][8:10] for claim in claims] == ["10", "09", "07", "06", "05", "04", "03", "02", "01"]
    assert len({claim["id"] for claim in claims}) == len({claim["claimId"] for claim in claims}) == 9
    assert {"amount": "12.50", "currency": "USD", "status": "approved", "type": "reversal_reimbursement", "orderId": None, "isMock": False,
            "mockScenario": None}.items() <= claims[2].items()
    assert claims[1]["orderId"] == "111-0000000-0000009" and claims[1]["amount"] == "-3.00" and claims[0]["status"] == "denied"
    for query, wanted in (("status=denied", 1), ("type=refund", 1), ("orderId=111-0000000-0000009", 1), ("q=lamp%203", 1), ("q=%25", 0),
                          ("from=2026-11-05T00:00:00Z&to=2026-11-07T00:00:00Z", 2)):
        assert len(pages(shop, f"claims?{query}", "claims", 1)[0]) == wanted, query

    inventory, sizes = pages(shop, "inventory", "inventory", 3)
    assert sizes == [3, 3, 1] and [one["sku"] for one in inventory] == [f"SKU-{n:02d}" for n in range(7)]
    assert {"quantityAvailable": 6, "quantityReserved": 1, "quantityInbound": 2, "quantityTotal": 9, "condition": "NewItem",
            "warehouseLocation": None, "productName": "Lamp & Söhne 6"}.items() <= inventory[6].items()
    for query, wanted in (("inStock=false", 1), ("sku=SKU-03", 1), ("asin=B000000004", 1), ("q=s%C3%B6hne%205", 1), ("inStock=true", 6)):
        assert len(pages(shop, f"inventory?{query}", "inventory", 2)[0]) == wanted, query

    orders, sizes = pages(shop, "orders", "orders", 3)
    assert sizes == [3, 3, 1] and [one["orderDate"][8:10] for one in orders] == [f"0{n}" for n in range(7, 0, -1)]
    assert {"status": "Shipped", "fulfillmentChannel": "FBA", "total": "25.10", "currency": "USD"}.items() <= orders[0].items()
    assert orders[0]["items"] == [{"orderItemId": "00000000000007", "asin": "B000000007", "sku": "SKU-07", "title": "Lamp",
                                   "quantityOrdered": 2, "quantityShipped": None, "price": "12.55", "currency": "USD"}]
    for query, wanted in (("status=Canceled", 3), ("fulfillmentChannel=FBM", 2), ("orderId=111-0000000-0000002", 1),
                          ("from=2026-11-06T00:00:00Z", 2), ("to=2026-11-02T00:00:00Z", 1)):
        assert len(pages(shop, f"orders?{query}", "orders", 1)[0]) == wanted, query

    for path in ("claims", "inventory", "orders"):
        for wrong in ("cursor=nonsense", "cursor=ff", f"cursor={'1f' * 3}", "limit=0", "limit=201", "nothing=1"):
            answer = shop.ask("GET", f"{API}/{path}?{wrong}", status=400)
            assert set(answer) == {"success", "message", "error"} and answer["success"] is False, wrong
        nobody = Seller(shop.fleet, "nobody", shop.tenant).ask("GET", f"{API}/{path}")
        assert nobody == {"success": True, path: [], "pagination": {"limit": 50, "nextCursor": None}}
    assert {one["total"] for one in other.ask("GET", f"{API}/orders")["orders"]} == {"99"}


WIDE = "W" * 256
# What a worker quarantines: its columns would not hold it.
UNREADABLE = [
    ("amazon_financial_events", lambda: adjustment(1, "100000000")),
    ("amazon_financial_events", lambda: adjustment(1, "-99999999.995")),
    ("amazon_financial_events", lambda: {**refund(1), "order_id": WIDE}),
    ("amazon_financial_events", lambda: changed(adjustment(1), AdjustmentType=WIDE)),
    ("amazon_financial_events", lambda: changed(adjustment(1), AdjustmentAmount={"CurrencyCode": "EURODOLLARS", "CurrencyAmount": 1})),
    ("amazon_financial_events", lambda: {**changed(adjustment(1), SAFETClaimId=WIDE), "event_list": "SAFETReimbursementEventList"}),
    ("amazon_transactions", lambda: transaction(total_amount="99999999.995")),
    ("amazon_transactions", lambda: transaction(id=WIDE)),
    ("amazon_transactions", lambda: transaction(currency="EURODOLLARS")),
    ("amazon_transactions", lambda: transaction(payload={"relatedIdentifiers": [
        {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": WIDE}]})),
    ("amazon_inventory_summaries", lambda: stock(1, quantity_total=2 ** 31)),
    ("amazon_inventory_summaries", lambda: stock(1, quantity_inbound_working=-2 ** 31 - 1)),
    ("amazon_inventory_summaries", lambda: stock(1, condition="C" * 51)),
    ("amazon_order_records", lambda: order(1, payload={"orderItems": [{"quantityOrdered": "many"}]})),
    ("amazon_order_records", lambda: order(1, payload={"orderItems": [{"proceeds": {"breakdowns": [{"subtotal": {"amount": "1,5"}}]}}]})),
]


def changed(event, **payload):
    return {**event, "payload": {**event["payload"], **payload}}


def transaction(**more):
    return {"id": "tx-1", "posted_date": "2026-11-01T00:00:00Z", "transaction_type": "Refund", "total_amount": "1.00", "currency": "USD",
            "payload": {}, **more}


def test_what_readers_could_not_hold_is_not_stored(shop):
    account = shop.account("A1SELLER")
    for table, make in UNREADABLE:
        with pytest.raises((psycopg2.errors.CheckViolation, psycopg2.errors.StringDataRightTruncation)):
            store(shop.fleet, table, account, [make()])
            pytest.fail(f"{table}: {make()}")
    store(shop.fleet, "amazon_financial_events", account, [adjustment(1, "99999999.994"), {**refund(2), "order_id": WIDE[1:]}])
    store(shop.fleet, "amazon_transactions", account, [transaction(transaction_type="Shipment", total_amount="100000000")])
    for path in ("claims", "inventory", "orders"):
        shop.ask("GET", f"{API}/{path}")


def test_stocks_of_several_accounts(shop):
    """Quantities stop at what an integer holds; conditions are named once, the first alone when all are too long."""
    most = 2 ** 31 - 1
    kinds = [f"{name}Condition" for name in ("UsedVeryGood", "UsedAcceptable", "CollectibleLikeNew")]
    for name, conditions in (("A1SELLER", ("NewItem", "UsedGood")), ("A2SELLER", ("NewItem",))):
        account = shop.account(name)
        store(shop.fleet, "amazon_inventory_summaries", account, [
            stock(1, id=f"1/{kind}", condition=kind, quantity_total=most, quantity_fulfillable=most, quantity_inbound_working=most,
                  quantity_inbound_shipped=most, quantity_reserved=2) for kind in conditions])
        store(shop.fleet, "amazon_inventory_summaries", account, [stock(2, id=f"2/{kind}", condition=kind) for kind in kinds])
    one, two = shop.ask("GET", f"{API}/inventory")["inventory"]
    assert {"quantityAvailable": most, "quantityInbound": most, "quantityTotal": most, "quantityReserved": 6,
            "condition": "NewItem, UsedGood"}.items() <= one.items()
    assert two["condition"] == "CollectibleLikeNewCondition" and two["quantityAvailable"] == 12
    seen = shop.fleet.sql("select id::text, sku, condition, warehouse_location from amazon_inventory where user_id = %s order by sku", shop.id)
    assert [tuple(row.values()) for row in seen] == [(row["id"], row["sku"], row["condition"], None) for row in (one, two)]


def test_orders_of_the_sandbox(shop):
    """Both objects say whose rows these are, and that they are no real ones."""
    for seller, region in ((shop, "sandbox-na"), (Seller(shop.fleet, "another", shop.tenant), "na")):
        account = seller.account(f"A-{seller.name}", {"region": region})
        store(shop.fleet, "amazon_order_records", account, [order(1), order(2, payload={"orderItems": [{"orderItemId": "1"}]})])
        store(shop.fleet, "amazon_order_item_records", account, [item(1)])
        mock = (region == "sandbox-na", "sandbox" if region == "sandbox-na" else None)
        for table in ("amazon_orders", "amazon_order_items"):
            rows = shop.fleet.sql(f"select is_mock, mock_scenario from {table} where user_id = %s", seller.id)
            assert [tuple(row.values()) for row in rows] == [mock] * 2, table
        assert {(one["isMock"], one["mockScenario"]) for one in seller.ask("GET", f"{API}/orders")["orders"]} == {mock}


@pytest.mark.parametrize("name", ["claims", "inventory", "orders"])
def test_lists_ask_for_their_tenant_themselves(shop, name):
    """Without the policies, as the owner: what is no user's is still that tenant's alone."""
    account = shop.tenant.connection(f"A-{name}", "amazon", {"region": "na", "marketplace_ids": ["ATVPDKIKX0DER"]})
    store(shop.fleet, "amazon_transactions", account, [transaction()])
    store(shop.fleet, "amazon_inventory_summaries", account, [stock(1)])
    store(shop.fleet, "amazon_order_records", account, [order(1)])
    nulls = ", null" * {"claims": 7, "inventory": 5, "orders": 6}[name]
    text = (ROOT / f"producer/sql/amazon_{name}.sql").read_text()
    try:
        shop.fleet.sql(f"prepare list as {text}")
        found = [len(json.loads(shop.fleet.sql(f"execute list ('{tenant.id}', null, 10{nulls})")[0]["body"])[name])
                 for tenant in (shop.tenant, shop.fleet.new_tenant(f"strangers to {name}"))]
    finally:
        shop.fleet.sql("deallocate all")
    assert found == [1, 0]


def test_orders_of_one_instant_and_a_changing_list(shop):
    account = shop.account("A1SELLER")
    store(shop.fleet, "amazon_order_records", account, [order(5, id=f"111-0000000-{n:07d}") for n in range(5)])
    first = shop.ask("GET", f"{API}/orders?limit=2")
    store(shop.fleet, "amazon_order_records", account, [order(8)])
    shop.fleet.sql("update amazon_order_records set deleted_at = now() where id = '111-0000000-0000001' and tenant_id = %s", shop.tenant.id)
    rest = pages(shop, "orders", "orders", 2, first["pagination"]["nextCursor"])[0]
    assert [one["orderId"][-1] for one in first["orders"] + rest] == ["0", "1", "2", "3", "4"]


# ---- connecting ----

def test_a_seller_connects_his_account(fleet):
    """Away to Amazon and back, whoever he says he is; and what comes back forged, twice or without consent."""
    fleet.start_producer(**USERS, **CONNECTING, providers__origins=fleet.simulator.origins())
    seller = Seller(fleet)
    fleet.simulator.account("A1SELLER")

    def begin(**body):
        answer = seller.ask("POST", f"{API}/connect", body)
        assert set(answer) == {"success", "url", "redirectUri", "expiresAt"} and answer["success"] is True
        return urlsplit(answer["url"]), dict(parse_qsl(urlsplit(answer["url"]).query))

    url, sent = begin(region="eu", marketplaceIds="A1F83G8C2ARO7P, A1PA6795UKMFR9", returnTo=f"{APP}/amazon")
    assert url.path == "/apps/authorize/consent"
    assert sent["application_id"] == "amzn1.sp.solution.1" and "code_challenge" not in sent
    page = come_back(fleet, state=sent["state"], spapi_oauth_code="code-A1SELLER-1", selling_partner_id="A1SELLER", mws_auth_token="x")
    assert page.status == 302 and page.to.startswith(f"{APP}/amazon?connection_id="), page
    shown = seller.ask("GET", f"{API}/status")
    assert {"connected": True, "sellerId": "A1SELLER", "region": "eu", "marketplaceIds": ["A1F83G8C2ARO7P", "A1PA6795UKMFR9"]}.items() <= shown.items()
    assert seller.sync()["status"] == "in_progress"

    assert come_back(fleet, state=sent["state"], spapi_oauth_code="code-A1SELLER-1", selling_partner_id="A1SELLER").query["error"] == "state_used"
    denied = come_back(fleet, state=begin()[1]["state"], error="access_denied")
    assert (denied.status, json.loads(denied.text)["error"]) == (400, "access_denied")
    forged = come_back(fleet, state="nonsense", spapi_oauth_code="code-A1SELLER-2", selling_partner_id="A1SELLER")
    assert (forged.status, json.loads(forged.text)["success"]) == (400, False)
    for wrong in ({"region": "xx"}, {"marketplaceIds": "a b"}, {"marketplaceIds": ","}, {"returnTo": "https://evil.example/"}):
        assert seller.ask("POST", f"{API}/connect", wrong, 400)["success"] is False
    standard = fleet.http("POST", f"{fleet.producer_url}{API}/connect", {"returnTo": "https://evil.example/"},
                          {"Cookie": f"session_token={seller.token}", "Origin": APP, "Accept": "application/problem+json"})
    assert standard.body["errors"][0]["pointer"] == "#/returnTo"
    assert fleet.value("select count(*) from connections") == 1


def test_without_an_application_nobody_connects(shop):
    assert shop.ask("POST", f"{API}/connect", {}, 400)["error"] == "provider_not_configured"


# ---- trying out ----

def test_the_demo_user_comes_without_credentials_where_that_is_set(fleet):
    other = fleet.new_tenant("second")
    fleet.start_producer(**USERS, amazon__demo_tenant="second", oauth__clients="amazon=client:secret",
                         oauth__redirect_uri="https://api.example.com/v1/oauth/callback", oauth__state_key="x" * 32,
                         env={"AMAZON_SPAPI_REFRESH_TOKEN": "rt-sandbox-1"})

    def ask(method, path, key=None):
        return fleet.http(method, fleet.producer_url + path, {} if method == "POST" else None, key=key or "")

    started = ask("POST", f"{API}/sync")
    assert started.status == 200 and started.body["syncId"].startswith("sync_demo-user_"), started
    status = ask("GET", f"{API}/status").body
    assert {"connected": True, "sellerId": "sandbox", "region": "sandbox-na", "isMock": True}.items() <= status.items()
    assert ask("POST", f"{API}/sync").status == 409 and ask("GET", "/api/sync/status").body["syncId"] == started.body["syncId"]
    row = fleet.sql("select c.tenant_id::text, u.external_id, c.token_version from connections c join users u on u.user_id = c.owner_user_id")
    assert [(one["tenant_id"], one["external_id"], one["token_version"]) for one in row] == [(other.id, "demo-user", 1)]
    for path in ("/v1/syncs", "/v1/connections"):  # other routes know nobody without credentials
        assert ask("GET", path).status == 401
    for wrong in ("nonsense", "demo-user", tokens.token(life_s=-60)):
        assert ask("GET", f"{API}/status", wrong).status == 401
    assert fleet.tenant.api("GET", f"{API}/status").body["connected"] is False
    fleet.restart(fleet.producer, amazon__demo_tenant="")
    assert ask("POST", f"{API}/sync").body == UNAUTHORIZED
