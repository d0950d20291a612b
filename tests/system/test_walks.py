# SPDX-License-Identifier: Apache-2.0
"""Walks that go from parent to parent and from window to window: what they ask for, what they store, and that a process
which is killed in the middle of one loses and doubles nothing."""
import shutil

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
