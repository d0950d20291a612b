# SPDX-License-Identifier: Apache-2.0
"""Amazon: orders and their items, stocks, money without identities, and the claims that follow from it; both API lines."""
import json
import re
from collections import Counter
from decimal import Decimal

import pytest

from harness.faithful import assert_faithful, canonical, quarantined
from harness.fleet import WORKER_SOON

US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
RECORDS = {"orders": 130, "financial_events": 330, "inventory": 120}
NEWER = {"providers__versions": "amazon.orders=2026-01-01,amazon.financial_events=2024-06-19"}
DAY = 86400


def connect(fleet, account="seller-1", own=None, **settings):
    return fleet.connection(account, "amazon", own={"marketplace_ids": [US], **(own or {})}, **{"records": RECORDS, **settings})


def asked(fleet, path):
    return [entry for entry in fleet.simulator.log() if re.fullmatch(path, entry["path"])]


def counters(fleet, sync):
    names = ("inserted", "updated", "unchanged", "deleted")
    return {task["resource"]: tuple(task[f"records_{name}"] for name in names) for task in fleet.tasks(sync)}


def served(fleet, resource, api="amazon", account="seller-1"):
    return fleet.simulator.rows(account, resource, api)


# --- what readers see ---

def orders(fleet):
    return fleet.sql("select id, purchase_date, last_update_date, order_status, fulfillment_channel, marketplace_id, order_total, "
                     "currency, items_shipped, items_unshipped, seller_order_id, is_prime, is_business_order from amazon_orders "
                     "order by id")


def items(fleet):
    return fleet.sql("select order_id, id, asin, seller_sku, title, quantity_ordered, quantity_shipped, item_price, item_tax, "
                     "shipping_price, currency, is_gift from amazon_order_items order by order_id, id")


def claims(fleet):
    return [{name: value for name, value in row.items() if name != "synced_at"}
            for row in fleet.sql("select * from amazon_claims order by claim_id")]


def events(fleet):
    """The financial events that readers see."""
    return fleet.sql("select e.* from amazon_financial_events e join walk_windows w using (connection_id, window_from, walk) "
                     "where w.resource = 'financial_events' and e.deleted_at is null")


# --- syncs ---

def test_everything_and_then_what_changed(fleet):
    fleet.start()
    connection = connect(fleet)
    first = fleet.sync(connection, mode="full")
    assert_faithful(fleet, [first])
    assert {resource: count[0] for resource, count in counters(fleet, first).items()} == {**RECORDS, "order_items": 195}
    assert len(asked(fleet, "/orders/v0/orders/.*/orderItems")) == 130
    assert_exact(fleet)

    fleet.sql("update amazon_order_records set synced_at = synced_at - interval '1 hour'")  # so long ago
    # Changed four minutes ago: after the last walk's end, before Amazon's two minutes and ours.
    fleet.simulator.account(connection.account, version=2, changed_share=0.1, amazon={"backdate": 240})
    fleet.simulator.account(connection.account, records={"orders": 135})
    fleet.simulator.account(connection.account, amazon={"backdate": 3 * DAY}, records={"financial_events": 340})
    second = fleet.sync(connection)
    assert_faithful(fleet, [second])
    seen = counters(fleet, second)
    assert seen["orders"] == (5, 13, 0, 0) and seen["inventory"] == (0, 12, 108, 0) and seen["financial_events"][0] == 10
    # Items only of the orders that changed; an order's price comes when it is no longer pending.
    assert len(asked(fleet, "/orders/v0/orders/.*/orderItems")) == 130 + 18
    assert not fleet.value("select count(*) from amazon_orders where order_status = 'Pending' and id <> all(%s)",
                           [order["AmazonOrderId"] for order in served(fleet, "orders") if order["OrderStatus"] == "Pending"])
    assert len(events(fleet)) == 340 and len(items(fleet)) == 202


def assert_exact(fleet):
    """Money is what Amazon wrote, to the letter; channels have the seed's names."""
    rows = {row["id"]: row for row in orders(fleet)}
    for order in served(fleet, "orders"):
        row = rows[order["AmazonOrderId"]]
        assert row["fulfillment_channel"] == {"AFN": "FBA", "MFN": "FBM"}[order["FulfillmentChannel"]]
        assert str(row["order_total"]) == str(order.get("OrderTotal", {}).get("Amount"))
        assert row["order_status"] == order["OrderStatus"] and row["items_shipped"] == order["NumberOfItemsShipped"]
    prices = {row["id"]: str(row["item_price"]) for row in items(fleet)}
    assert prices == {item["OrderItemId"]: str(item.get("ItemPrice", {}).get("Amount")) for item in served(fleet, "order_items")}


def test_the_newer_line_shows_the_same(fleet):
    """An operator changes the setting and nothing else: the same orders and items, watermarks go on, claims once."""
    fleet.start()
    connection = connect(fleet)
    assert_faithful(fleet, [fleet.sync(connection)])
    before = orders(fleet), items(fleet)
    fleet.restart(fleet.producer, **NEWER)
    fleet.restart(fleet.workers[0], **NEWER)
    assert_newer(fleet, fleet.sync(connection, mode="full"))
    assert (orders(fleet), items(fleet)) == before

    fleet.simulator.account(connection.account, version=2, changed_share=0.1, amazon={"backdate": 240})
    sync = fleet.sync(connection)
    assert_newer(fleet, sync)
    assert counters(fleet, sync)["orders"] == (0, 13, 0, 0)
    transactions = served(fleet, "financial_events", "amazon-2024-06-19")
    assert {row["claim_id"].split("-", 1)[1] for row in claims(fleet)} == \
        {one["transactionId"] for one in transactions if one["transactionType"] not in NOT_CLAIMED}
    assert Counter(row["status"] for row in claims(fleet))["pending"] > 0
    fleet.simulator.account(connection.account, amazon={"deferred_released": True})
    fleet.wait_for_sync(fleet.sync(connection, ["financial_events"], mode="full"))
    assert Counter(row["status"] for row in claims(fleet))["pending"] == 0


NOT_CLAIMED = {"Shipment", "ServiceFee", "ProductAdsPayment"}


def assert_newer(fleet, sync):
    fleet.wait_for_sync(sync)
    assert {task["resource"]: task["state"] for task in fleet.tasks(sync)} == \
        dict.fromkeys(["orders", "financial_events", "inventory"], "completed")
    for api, resource, table in (("amazon-2026-01-01", "orders", "amazon_order_records"),
                                 ("amazon-2024-06-19", "financial_events", "amazon_transactions")):
        stored = fleet.sql(f"select payload from {table}")
        assert Counter(canonical(row["payload"]) for row in stored) == Counter(canonical(row) for row in served(fleet, resource, api))


# --- claims: the rules of 0017_amazon.sql once more, from the records ---

def snake(name):
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)).lower()


def money(value, *names):
    """Every CurrencyAmount, or that below these names; nothing when there is none."""
    if isinstance(value, list):
        return sum((money(one, *names) for one in value), Decimal(0))
    if not isinstance(value, dict):
        return Decimal(0)
    own = value.get("CurrencyAmount", 0) if not names else 0
    return Decimal(str(own)) + sum((money(one) if key in names else money(one, *names)
                                    for key, one in value.items() if key != "DirectPaymentList"), Decimal(0))


def claimed(kind, event):
    """Type and amount of an event, or nothing."""
    simple = {"SAFETReimbursementEventList": "safet_reimbursement", "RefundEventList": "refund", "ChargebackEventList": "chargeback",
              "GuaranteeClaimEventList": "guarantee_claim", "ChargeRefundEventList": "charge_refund",
              "FBALiquidationEventList": "liquidation_reimbursement"}
    if kind in simple:
        return simple[kind], money(event)
    if kind == "AdjustmentEventList" and event["AdjustmentType"] != "ReserveEvent":
        return snake(event["AdjustmentType"]), money(event, "AdjustmentAmount")
    if kind == "ShipmentEventList" and "ShipmentFeeAdjustmentList" in event:
        return "fee_adjustment", money(event, "ShipmentFeeAdjustmentList")
    if kind == "ServiceFeeEventList" and money(event) > 0:
        return "service_fee_adjustment", money(event)
    return None


def test_claims_follow_from_the_money(fleet):
    fleet.start()
    owner = fleet.value("insert into users (tenant_id, external_id) values (%s, 'user123') returning user_id", fleet.tenant.id)
    connection = connect(fleet, own={"region": "sandbox-na"})
    fleet.sql("update connections set owner_user_id = %s where connection_id = %s", owner, connection.id)
    assert_faithful(fleet, [fleet.sync(connection, ["financial_events"])])
    found, want = claims(fleet), [claimed(row["event_list"], row["payload"]) for row in events(fleet)]
    assert Counter((row["type"], row["amount"]) for row in found) == Counter(one for one in want if one)
    assert len({row["claim_id"] for row in found}) == len(found) == len({row["id"] for row in found})
    assert {row["user_id"] for row in found} == {owner} and {row["is_mock"] for row in found} == {True}
    for row in found:
        back = row["amount"] <= 0 and row["claim_id"].startswith("RMB-")
        assert row["status"] == ("denied" if back else "approved") and row["currency"] == "USD" and row["description"]
    assert {row["claim_id"][:4] for row in found} == {"RMB-", "RFD-", "CBK-", "FEE-"}
    numbers = {event["SAFETClaimId"] for event in served(fleet, "financial_events") if "SAFETClaimId" in event}
    assert numbers <= {row["claim_id"][4:] for row in found}
    assert any(row["claim_id"].endswith("-2") for row in found)  # two events may be alike

    assert_faithful(fleet, [fleet.sync(connection, ["financial_events"], mode="full")])
    assert claims(fleet) == found


@pytest.mark.parametrize("settings, table", [({}, "amazon_financial_events"), (NEWER, "amazon_transactions")], ids=["v0", "2024-06-19"])
def test_a_claim_that_readers_cannot_hold_is_quarantined(fleet, settings, table):
    """numeric(10, 2) ends below 10^8: such a claim is kept apart, and all others are read."""
    fleet.start_producer(**settings)
    fleet.start_worker(**settings)
    connection = connect(fleet, records={"financial_events": 33}, amazon={"safet_cents": 10 ** 10})
    sync = fleet.sync(connection, ["financial_events"])
    fleet.wait_for_sync(sync)
    (task,) = fleet.tasks(sync)
    assert (task["records_inserted"], task["records_quarantined"]) == (30, 3)
    assert all("100000000" in json.dumps(record) for record in quarantined(fleet, task))
    assert claims(fleet) and "safet_reimbursement" not in {row["type"] for row in claims(fleet)}
    fleet.simulator.account(connection.account, amazon={"safet_cents": 10 ** 10 - 1})
    fleet.wait_for_sync(fleet.sync(connection, ["financial_events"], mode="full"))
    assert [row["amount"] for row in claims(fleet) if row["type"] == "safet_reimbursement"] == [Decimal("99999999.99")] * 3


def test_a_window_is_replaced_at_once(fleet):
    """While a window is read again its readers see what was there before."""
    fleet.start()
    connection = connect(fleet)
    assert_faithful(fleet, [fleet.sync(connection, ["financial_events"], mode="full")])
    asked_before, found = asked(fleet, "/finances/v0/financialEvents"), claims(fleet)
    second_page = next(k for k, entry in enumerate(asked_before) if "NextToken" in entry["query"])
    fleet.simulator.dial(connection.account, "hang", resource="financial_events", after=second_page, ms=1500)
    sync = fleet.sync(connection, ["financial_events"], mode="full")
    total = "select count(*) from amazon_financial_events"
    fleet.wait_until(lambda: fleet.value(total) == 430, what="a page of the window's second walk")
    assert claims(fleet) == found and len(events(fleet)) == 330
    assert_faithful(fleet, [sync])
    assert fleet.value(total) == 330
    assert claims(fleet) == found


# --- what Amazon does to whoever walks ---

@pytest.mark.parametrize("silent", [False, True], ids=["refused", "silent"])
def test_tokens_that_die_make_windows_smaller(fleet, silent):
    fleet.start()
    connection = connect(fleet, amazon={"finances_token_life": 0, "silent_tokens": silent})
    assert_faithful(fleet, [fleet.sync(connection, ["financial_events"])])
    assert len(events(fleet)) == 330
    assert {entry["status"] for entry in asked(fleet, "/finances/v0/financialEvents")} == ({200} if silent else {200, 400})


def test_usage_plans_are_kept(fleet):
    """Amazon's documented rates and bursts: no call is one too many."""
    fleet.start()
    connection = connect(fleet, records={"orders": 20, "inventory": 120}, amazon={"usage_plans": True})
    assert_faithful(fleet, [fleet.sync(connection, ["orders", "order_items", "inventory"])])
    assert {entry["status"] for entry in fleet.simulator.log()} == {200}


def test_empty_pages_repeated_orders_and_texts(fleet):
    fleet.start()
    connection = connect(fleet, amazon={"empty_every": 2, "texts": True})
    fleet.simulator.dial(connection.account, "overlapping_page", resource="orders", after=8, times=-1, rows=7)
    fleet.simulator.dial(connection.account, "empty_page", resource="order_items", times=3)
    sync = fleet.sync(connection)
    fleet.wait_for_sync(sync)
    assert {task["state"] for task in fleet.tasks(sync)} == {"completed"}
    for resource in ("orders", "order_items", "inventory"):
        rows = fleet.rows(connection.id, "amazon", resource)
        assert Counter(canonical(row["payload"]) for row in rows) == Counter(canonical(row) for row in served(fleet, resource))
    assert len(events(fleet)) == 330
    assert {type(row["is_prime"]) for row in orders(fleet)} == {bool} and {type(row["items_shipped"]) for row in orders(fleet)} == {int}


def test_a_worker_dies_in_the_middle_of_a_window(fleet):
    fleet.start_producer(workers__dead_after_ms=1000, dispatch__retry_ms=500)
    fleet.start_worker(env=fleet.with_failpoint("fetch_after", 95), **WORKER_SOON)
    connection = connect(fleet)
    sync = fleet.sync(connection, ["financial_events"])
    fleet.wait_until(lambda: not fleet.workers[0].running, what="the worker to be killed")
    fleet.start_worker(**WORKER_SOON)
    assert_faithful(fleet, [sync])
    assert len(events(fleet)) == 330


def test_a_403_may_be_a_token_or_a_role(fleet):
    fleet.start()
    connection = connect(fleet)
    fleet.simulator.dial(connection.account, "expire_token", resource="financial_events", after=3)
    fleet.simulator.dial(connection.account, "forbidden", resource="inventory", times=-1)
    sync = fleet.sync(connection)
    fleet.wait_for_sync(sync)
    ends = {task["resource"]: (task["state"], task["error_class"]) for task in fleet.tasks(sync)}
    assert ends == {"orders": ("completed", None), "order_items": ("completed", None), "financial_events": ("completed", None),
                    "inventory": ("failed", "permanent")}
    assert len(asked(fleet, "/auth/o2/token")) == 1
    assert fleet.value("select status from connections where connection_id = %s", connection.id) == "active"
    fleet.simulator.account(connection.account, amazon={"revoked": True})
    fleet.simulator.dial(connection.account, "expire_token", resource="inventory")
    fleet.simulator.clear_dials(connection.account)
    fleet.simulator.dial(connection.account, "expire_token", resource="inventory")
    fleet.wait_for_sync(fleet.sync(connection, ["inventory"]))
    assert fleet.value("select status from connections where connection_id = %s", connection.id) == "reauthorize"


@pytest.mark.parametrize("settings", [{}, NEWER], ids=["v0", "2026-01-01"])
def test_buyers_are_not_kept(fleet, settings):
    start = {"log__level": "debug", **settings}
    fleet.start_producer(**start)
    fleet.start_worker(**start)
    connection = connect(fleet, records={"orders": 30}, amazon={"buyers": True})
    fleet.wait_for_sync(fleet.sync(connection, ["orders"]))
    assert fleet.value("select count(*) from amazon_order_records") == 30
    assert not fleet.value("select count(*) from amazon_order_records where payload::text ~* 'buyer no|Main St|buyer[0-9]'")


# --- stocks ---

def test_stocks_by_user_and_sku(fleet):
    """Marketplaces that share a stock show it whole: it counts once. What no complete walk shows is gone."""
    fleet.start()
    connection = connect(fleet, own={"marketplace_ids": [US, CANADA]})
    fleet.wait_for_sync(fleet.sync(connection, ["inventory"]))
    stocks = {stock["sellerSku"]: stock for stock in served(fleet, "inventory")}
    assert fleet.value("select count(*) from amazon_inventory_summaries") == 240
    rows = fleet.sql("select * from amazon_inventory")
    assert {row["sku"] for row in rows} == set(stocks) and len(rows) == 120
    for row in rows:
        stock, details = stocks[row["sku"]], stocks[row["sku"]]["inventoryDetails"]
        inbound = sum(details[f"inbound{part}Quantity"] for part in ("Working", "Shipped", "Receiving"))
        assert (row["quantity_total"], row["quantity_available"], row["quantity_reserved"], row["quantity_inbound"]) == (
            stock["totalQuantity"], details["fulfillableQuantity"], details["reservedQuantity"]["totalReservedQuantity"], inbound)
        assert row["warehouse_location"] is None and not row["is_mock"] and row["condition"] == "NewItem"
        assert (row["asin"], row["fnsku"], row["product_name"]) == (stock["asin"], stock["fnSku"], stock["productName"])
    fleet.simulator.account(connection.account, removed={"inventory": [0, 1, 2]})
    fleet.wait_for_sync(fleet.sync(connection, ["inventory"]))
    assert fleet.value("select count(*) from amazon_inventory") == 117
