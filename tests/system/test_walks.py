# SPDX-License-Identifier: Apache-2.0
"""Walks that go from parent to parent and from window to window: what they ask for, what they store, and that a process
which is killed in the middle of one loses and doubles nothing."""
import shutil
import time

import pytest

from harness.fleet import WORKER_SOON, PRODUCER_SOON
from harness.ledger import ROOT
from harness.letters import declarations
from harness.shop import Shop

WALKS = ROOT / "tests" / "fixtures" / "declarations" / "walks"
MIGRATIONS = sorted((ROOT / "schemas" / "migrations").glob("*.sql"))


@pytest.fixture
def shop(fleet, tmp_path):
    migrations = tmp_path / "migrations"
    migrations.mkdir()
    for path in MIGRATIONS:
        shutil.copy(path, migrations)
    shutil.copy(WALKS / "shop.sql", migrations / f"{len(MIGRATIONS) + 1:04d}_shop.sql")
    fleet.providers = declarations(tmp_path / "providers", further=[WALKS / "shop.cfg"])
    fleet.ctl("migrate", "up", f"--migrations={migrations}")
    fleet.ctl("topics", "create", f"--providers.dir={fleet.providers}", "--partitions=2", "--replicas=1")
    own = Shop()
    yield own
    own.close()


def start(fleet, shop, env=None, **settings):
    if fleet.producer is None:
        fleet.start_producer(providers__dir=fleet.providers, **PRODUCER_SOON)
    return fleet.start_worker(providers__dir=fleet.providers, providers__origins=shop.origin, env=env,
                              **{**WORKER_SOON, **settings})


def connect(fleet, **settings):
    (made,) = fleet.ctl.connections([{"tenant": fleet.tenant.name, "provider": "shop", "external_id": "shop-1", "access_token": "x",
                                      "settings": settings}])
    return made


def sync(fleet, connection, *resources, mode="incremental"):
    answer = fleet.api("POST", "/v1/syncs", {"provider": "shop", "connection_id": connection, "resources": [*resources],
                                             "mode": mode})
    assert answer.status == 202, answer
    return answer.body["sync_id"]


def items(fleet, connection):
    return {(row["order_id"], row["line"]) for row in fleet.rows(connection, "shop", "items")}


def task_of(fleet, sync_id, resource):
    (task,) = [task for task in fleet.tasks(sync_id) if task["resource"] == resource]
    return task


def test_items_of_orders(fleet, shop):
    start(fleet, shop)
    connection = connect(fleet)
    want = {}
    for n in range(7):
        want[f"o {n}/x"] = list(range(n))
        shop.order(f"o {n}/x", want[f"o {n}/x"])

    # The items come after their orders, which are asked for at the same time.
    first = sync(fleet, connection, "orders", "items")
    fleet.wait_for_sync(first, state="completed")
    assert items(fleet, connection) == {(order, line) for order, lines in want.items() for line in lines}
    assert task_of(fleet, first, "items")["records_inserted"] == 21
    assert shop.paths("/orders/") == [f"/orders/o%20{n}%2Fx/items" for n in range(7) for _ in range(max(1, (n + 1) // 2))]

    # What changed: the items of orders that were written since, and no deletion is believed.
    shop.at_rest()
    fleet.sql("update walk_bearings set began_at = began_at + interval '1 hour' where parent_id = ''")  # beyond the margin
    fleet.sql("update shop_orders set synced_at = synced_at - interval '1 hour'")
    fleet.sql("update walk_bearings set began_at = began_at - interval '1 hour' where parent_id = ''")
    shop.order("o 2/x", [0, 1, 2, 3, 4], state="paid")
    second = sync(fleet, connection, "orders", "items")
    fleet.wait_for_sync(second, state="completed")
    assert set(shop.paths("/orders/")) == {"/orders/o%202%2Fx/items"}
    task = task_of(fleet, second, "items")
    assert (task["records_inserted"], task["records_unchanged"], task["records_deleted"]) == (3, 2, 0)

    # Everything: an order without items is a reason to delete those that it had.
    shop.at_rest()
    shop.order("o 1/x", [])
    third = sync(fleet, connection, "items", mode="full")
    fleet.wait_for_sync(third, state="completed")
    assert task_of(fleet, third, "items")["records_deleted"] == 1
    assert len(items(fleet, connection)) == 23


def test_no_orders_no_calls(fleet, shop):
    start(fleet, shop)
    connection = connect(fleet)
    done = sync(fleet, connection, "items")
    fleet.wait_for_sync(done, state="completed")
    assert shop.paths() == []


def test_an_element_of_a_setting_after_the_other(fleet, shop):
    start(fleet, shop)
    shop.stock = {"north": [{"sku": "a", "pieces": 1}], "south": [{"sku": "a", "pieces": 2}, {"sku": "b", "pieces": 3}]}
    connection = connect(fleet, places=["south", "north"])
    fleet.wait_for_sync(sync(fleet, connection, "stock"), state="completed")
    assert shop.paths() == ["/stock/north", "/stock/south"]
    fleet.sql("insert into walk_bearings (connection_id, resource, parent_id, updated_at) values (%s, 'stock', 'gone', now() - "
              "interval '1 day')", connection)
    fleet.wait_for_sync(sync(fleet, connection, "stock", mode="full"), state="completed")
    assert {row["parent_id"] for row in fleet.sql("select parent_id from walk_bearings")} == {"", "north", "south"}
    rows = {(row["id"], row["place"], row["pieces"]) for row in fleet.rows(connection, "shop", "stock")}
    assert rows == {("north/a", "north", 1), ("south/a", "south", 2), ("south/b", "south", 3)}

    (other,) = fleet.ctl.connections([{"tenant": fleet.tenant.name, "provider": "shop", "external_id": "shop-2",
                                       "access_token": "x"}])
    failed = sync(fleet, other, "stock")
    fleet.wait_for_sync(failed, state="failed")
    assert 'needs the setting "places"' in task_of(fleet, failed, "stock")["error_message"]


@pytest.mark.parametrize("point", ["store_after_commit:9", "fetch_after:9", "store_before_commit:9"])
def test_killed_between_two_parents(fleet, shop, point):
    connection = connect(fleet)
    for n in range(8):
        shop.order(f"o{n}", [0, 1, 2])
    name, nth = point.split(":")
    victim = start(fleet, shop, env=fleet.with_failpoint(name, int(nth)))
    done = sync(fleet, connection, "orders", "items")
    fleet.wait_until(lambda: not victim.running, what="the worker to die")
    start(fleet, shop)
    fleet.wait_for_sync(done, state="completed")
    assert items(fleet, connection) == {(f"o{n}", line) for n in range(8) for line in range(3)}
    task = task_of(fleet, done, "items")
    assert task["records_inserted"] == 24 and task["page"] == 17
    asked = shop.paths("/orders/")
    assert 16 <= len(asked) <= 19, asked


# ---- windows ----

DAY = 86400


def calls_of(now, count=20, days=9):
    return [{"id": f"c{n}", "at": now - days * DAY + n * days * DAY // count} for n in range(count)]


def test_windows_from_the_oldest_to_now(fleet, shop):
    start(fleet, shop)
    now = int(time.time())
    shop.calls = calls_of(now)
    connection = connect(fleet)
    fleet.wait_for_sync(sync(fleet, connection, "calls", mode="full"), state="completed")
    assert {row["id"] for row in fleet.rows(connection, "shop", "calls")} == {call["id"] for call in shop.calls}
    spans = sorted({(query["from"], query["to"]) for _, query in shop.asked})
    assert len(spans) == 10 and all(int(to) - int(begin) == DAY for begin, to in spans)
    assert all(before[1] == after[0] for before, after in zip(spans, spans[1:]))

    # What came since, a minute before the watermark on. (The second that runs is not asked for: it is the next walk's.)
    shop.at_rest()
    begun = fleet.value("select floor(extract(epoch from watermark))::bigint from resource_states")
    shop.calls.append({"id": "new", "at": begun - 60})
    second = sync(fleet, connection, "calls")
    fleet.wait_for_sync(second, state="completed")
    assert task_of(fleet, second, "calls")["records_inserted"] == 1
    ((_, query),) = shop.asked
    assert int(query["from"]) == begun - 60 and int(query["to"]) >= begun


def test_a_burst_beyond_the_cap(fleet, shop):
    start(fleet, shop)
    now = int(time.time())
    shop.calls = [{"id": f"b{n:02d}", "at": now - 3 * DAY + 700 * n} for n in range(30)]  # 30 calls in 6 hours, 6 are shown
    connection = connect(fleet)
    done = sync(fleet, connection, "calls", mode="full")
    fleet.wait_for_sync(done, state="completed")
    assert len(fleet.rows(connection, "shop", "calls")) == 30
    assert task_of(fleet, done, "calls")["restarts"] == 0


def test_a_bounded_sync(fleet, shop):
    start(fleet, shop)
    now = int(time.time())
    shop.calls = calls_of(now)
    connection = connect(fleet)
    (asked,) = fleet.sql("select * from accept_sync(uuid_v7(), %s::uuid, 'http', null, %s::uuid, 'shop', '{calls}', 'incremental', "
                         "null, false, p_from => to_timestamp(%s), p_to => to_timestamp(%s))", fleet.tenant.id, connection,
                         now - 5 * DAY, now - 4 * DAY)
    assert asked["status"] == 202
    (row,) = fleet.sql("select sync_id from syncs")
    fleet.wait_for_sync(row["sync_id"], state="completed")
    want = {call["id"] for call in shop.calls if now - 5 * DAY <= call["at"] < now - 4 * DAY}
    assert {row["id"] for row in fleet.rows(connection, "shop", "calls")} == want and want
    assert fleet.value("select watermark is null from resource_states")


def test_bounded_syncs_join_what_is_as_wide(fleet, shop):
    """No worker: what stands in the queue."""
    fleet.start_producer(providers__dir=fleet.providers)
    connection = connect(fleet)
    def ask(mode, begin=None, end=None):
        fleet.sql("select * from accept_sync(uuid_v7(), %s::uuid, 'http', null, %s::uuid, 'shop', '{calls}', %s, null, false, "
                  "p_from => %s, p_to => %s)", fleet.tenant.id, connection, mode, begin, end)
        return [(task["mode"], task["bound_from"] and task["bound_from"].day, task["bound_to"] and task["bound_to"].day,
                 task["after_task"] is not None) for task in fleet.tasks()]
    first = ask("incremental", "2026-01-02T00:00Z", "2026-01-03T00:00Z")
    assert first == [("incremental", 2, 3, False)]
    assert ask("incremental", "2026-01-02T00:00Z", "2026-01-03T00:00Z") == first
    assert ask("incremental", "2026-01-07T00:00Z", "2026-01-09T00:00Z") == [*first, ("incremental", 7, 9, True)]
    assert ask("incremental", "2026-01-04T00:00Z", "2026-01-05T00:00Z") == [*first, ("full", 4, 9, True)]
    assert ask("incremental") == [*first, ("full", None, None, True)]


# ---- records without an identity ----

CURRENT = ("select t.cents from shop_money t where t.connection_id = %s and exists (select from walk_windows w where "
           "w.connection_id = t.connection_id and w.resource = 'money' and w.window_from = t.window_from and w.walk = t.walk) "
           "order by t.cents")


def seen(fleet, connection):
    return [row["cents"] for row in fleet.sql(CURRENT, connection)]


def money_of(now):
    """Six events in each of three days, two of them alike."""
    return [{"at": now // DAY * DAY - day * DAY + 60 * n, "cents": 100 * day + n // 2} for day in (1, 2, 3) for n in range(6)]


def test_events_without_identity(fleet, shop):
    start(fleet, shop)
    now = int(time.time())
    shop.money = money_of(now)
    connection = connect(fleet)
    first = sync(fleet, connection, "money", mode="full")
    fleet.wait_for_sync(first, state="completed")
    want = sorted(event["cents"] for event in shop.money)
    assert seen(fleet, connection) == want
    task = task_of(fleet, first, "money")
    assert (task["records_inserted"], task["records_unchanged"], task["records_deleted"]) == (18, 0, 0)

    # Two days are read again: what is alike is unchanged, and nothing is there twice.
    shop.money = [event for event in shop.money if event["cents"] != 101] + [{"at": now // DAY * DAY - DAY, "cents": 7}]
    second = sync(fleet, connection, "money")
    fleet.wait_for_sync(second, state="completed")
    assert seen(fleet, connection) == sorted(event["cents"] for event in shop.money)
    assert fleet.value("select count(*) from shop_money") == len(shop.money)
    task = task_of(fleet, second, "money")
    assert (task["records_inserted"], task["records_unchanged"], task["records_deleted"]) == (1, 10, 2)


def test_readers_see_the_window_as_it_was_until_it_is_whole(fleet, shop):
    now = int(time.time())
    shop.money = money_of(now)
    connection = connect(fleet)
    worker = start(fleet, shop)
    fleet.wait_for_sync(sync(fleet, connection, "money", mode="full"), state="completed")
    before = seen(fleet, connection)
    worker.stop()
    fleet.workers.remove(worker)
    for event in shop.money:
        event["cents"] += 1000
    shop.at_rest()
    victim = start(fleet, shop, env=fleet.with_failpoint("store_after_commit", 2))
    second = sync(fleet, connection, "money")
    fleet.wait_until(lambda: not victim.running, what="the worker to die")
    assert seen(fleet, connection) == before
    assert fleet.value("select count(*) > %s from shop_money", len(before))
    start(fleet, shop)
    fleet.wait_for_sync(second, state="completed")
    assert seen(fleet, connection) == sorted([cents for cents in before if cents >= 300] + [event["cents"] for event in shop.money
                                                                                          if event["cents"] < 1300])
    assert fleet.value("select count(*) from shop_money") == len(before)


def test_dying_cursors_in_a_window(fleet, shop):
    start(fleet, shop)
    shop.money, shop.dying = money_of(int(time.time())), 2
    connection = connect(fleet)
    first = sync(fleet, connection, "money", mode="full")
    fleet.wait_for_sync(first, state="completed")
    assert seen(fleet, connection) == sorted(event["cents"] for event in shop.money)
    assert task_of(fleet, first, "money")["records_inserted"] == 18

    shop.dying = 3
    stalled = sync(fleet, connection, "money", mode="full")
    fleet.wait_for_sync(stalled, state="failed")
    assert task_of(fleet, stalled, "money")["error_class"] == "stalled"
    assert seen(fleet, connection) == sorted(event["cents"] for event in shop.money)
