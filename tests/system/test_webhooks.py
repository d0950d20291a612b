# SPDX-License-Identifier: Apache-2.0
"""Results sent to webhooks: what is sent and how it is signed, what an answer leads to, whom the fleet does not call, and that
nothing is lost when a producer dies."""
import base64
import time
import uuid

import pytest

from harness.programs import CRYPTO_KEYS
from harness.receiving import Receiver, Refused, verify
from harness.setup import Ctl

ONE_PAGE = {"contacts": 5}
SOON = {"webhooks__tick_ms": 50, "webhooks__retry_first_ms": 5, "outgoing__allow_plain_loopback": True}


@pytest.fixture
def receiver():
    own = Receiver()
    yield own
    own.close()


class Hooks:
    """The routes of webhooks, as a tenant's admin calls them."""

    def __init__(self, tenant):
        self.fleet, self.tenant = tenant.fleet, tenant

    def __call__(self, method, path="", body=None, status=200):
        answer = self.tenant.api(method, f"/v1/webhooks{path}", body)
        assert answer.status == status, answer
        return answer.body

    def make(self, url, **more):
        return self("POST", "", {"url": url, **more}, 201)

    def test(self, hook):
        return self("POST", f"/{hook['webhook_id']}/test", None, 202)

    def deliveries(self, hook, query=""):
        return self("GET", f"/{hook['webhook_id']}/deliveries{query}")["deliveries"]

    def wait_for(self, hook, state, count=1):
        self.fleet.wait_until(lambda: len([d for d in self.deliveries(hook) if d["state"] == state]) >= count,
                              what=f"{count} deliveries to be {state}", timeout=30)
        return [d for d in self.deliveries(hook) if d["state"] == state]


@pytest.fixture
def hooks(fleet):
    return Hooks(fleet.tenant)


# ---- what is sent ----

def test_ends_are_sent_signed_as_they_stand_on_the_topic(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    fleet.start_worker()
    all_ends = hooks.make(receiver.url("/all"), event_types=["task.completed", "task.failed", "sync.completed", "sync.failed"])
    syncs_only = hooks.make(receiver.url("/syncs"))
    assert syncs_only["event_types"] == ["sync.completed", "sync.failed", "sync.cancelled"]
    stranger = fleet.new_tenant("stranger")
    mine, theirs = fleet.connection("acct-1", records=ONE_PAGE), stranger.connection("other", records=ONE_PAGE)
    foreign, sync = stranger.sync(theirs, ["contacts"]), fleet.sync(mine, ["contacts"])
    events = {event["event_id"]: event for event in fleet.wait_for_events([sync, foreign])}
    fleet.wait_until(lambda: len(receiver.at("/all")) == 2 and len(receiver.at("/syncs")) == 1, what="all deliveries")
    for delivery in receiver.at("/all"):
        body = verify(all_ends["secret"], delivery)
        event = events[delivery.id]
        assert event["tenant_id"] == fleet.tenant.id
        assert body == {"type": event["event_type"], "timestamp": event["occurred_at"], "data": event}
        assert delivery.headers["content-type"] == "application/json"
        with pytest.raises(Refused):
            verify(syncs_only["secret"], delivery)
        delivery.raw = delivery.raw.replace(b"completed", b"falsified")
        with pytest.raises(Refused):
            verify(all_ends["secret"], delivery)
    (end,) = receiver.at("/syncs")
    assert verify(syncs_only["secret"], end)["data"]["sync_id"] == sync
    (done,) = hooks.wait_for(syncs_only, "delivered")
    assert (done["tries"], done["last_status"], done["last_error"], done["event_id"]) == (1, 204, None, end.id)


def test_a_cancelled_sync_is_told(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url(), event_types=["task.cancelled", "sync.cancelled"])
    sync = fleet.sync(fleet.connection("acct-1", records=ONE_PAGE), ["contacts"])
    fleet.api("POST", f"/v1/syncs/{sync}/cancel")
    fleet.wait_until(lambda: len(receiver.at()) == 2, what="both events")
    assert {verify(hook["secret"], one)["type"] for one in receiver.at()} == {"task.cancelled", "sync.cancelled"}


def test_who_has_no_webhook_pays_nothing(fleet):
    fleet.start_producer(**SOON)
    fleet.start_worker()
    fleet.wait_for_sync(fleet.sync(fleet.connection("acct-1", records=ONE_PAGE), ["contacts"]), state="completed")
    assert fleet.value("select count(*) from webhook_deliveries") == 0


def test_a_secret_is_changed_with_an_overlap(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    old, new = hook["secret"], hooks("POST", f"/{hook['webhook_id']}/rotate")
    assert old != new["secret"] and new["old_secret_until"]
    hooks.test(hook)
    fleet.wait_until(lambda: receiver.at(), what="the test event")
    (both,) = receiver.at()
    assert len(both.headers["webhook-signature"].split(" ")) == 2
    assert verify(old, both) == verify(new["secret"], both) == both.body
    assert (both.body["type"], both.body["data"]) == ("webhook.test", {"webhook_id": hook["webhook_id"]})
    fleet.sql("update webhooks set overlap_until = now()")
    hooks.test(hook)
    fleet.wait_until(lambda: len(receiver.at()) == 2, what="the next one")
    verify(new["secret"], receiver.at()[1])
    with pytest.raises(Refused):
        verify(old, receiver.at()[1])


def test_the_secret_is_shown_once_and_stored_sealed(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url(), description="for the tests")
    one = hooks("GET", f"/{hook['webhook_id']}")
    assert {**one, "secret": hook["secret"]} == hook
    assert hooks("GET", "")["webhooks"] == [one]
    stored = bytes(fleet.value("select secret from webhooks"))
    assert base64.b64decode(hook["secret"].removeprefix("whsec_")) not in stored
    for process in fleet.processes:
        assert hook["secret"] not in process.log.read_text()


def test_keys_rotate_under_webhooks_too(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    new = hooks("POST", f"/{hook['webhook_id']}/rotate")
    both = f"k2:{base64.b64encode(32 * b'2').decode()},{CRYPTO_KEYS}"
    rotate = lambda: Ctl(fleet.programs, {**fleet.common, "crypto.keys": both})("secrets", "rotate")
    assert {row["key"]: (row["secrets"], row["state"]) for row in rotate()} == \
        {"k2": ("2", "seals"), "k1": ("0", "no longer in use: take it out of crypto.keys")}
    fleet.restart(fleet.producer, crypto__keys=both.split(",")[0])
    hooks.test(hook)
    fleet.wait_until(lambda: receiver.at(), what="the test event")
    verify(new["secret"], receiver.at()[0])
    verify(hook["secret"], receiver.at()[0])


# ---- what answers lead to ----

def test_failures_are_tried_again_under_the_same_id_and_given_up_at_last(fleet, hooks, receiver):
    fleet.start_producer(**{**SOON, "webhooks__retry_first_ms": 1})
    hook = hooks.make(receiver.url())
    receiver.answer(500, times=2)
    hooks.test(hook)
    (done,) = hooks.wait_for(hook, "delivered")
    assert (done["tries"], done["last_status"], done["last_error"]) == (3, 204, None)
    assert len({delivery.id for delivery in receiver.at()}) == 1 and len({delivery.raw for delivery in receiver.at()}) == 1
    receiver.answer(302, times=100, Location=receiver.url("/elsewhere"))
    hooks.test(hook)
    def given_up():  # the last waits are long even so
        fleet.sql("update webhook_deliveries set due_at = now() where due_at is not null and last_error is not null and due_at > "
                  "tried_at + interval '100 ms' and due_at < tried_at + interval '30 seconds'")
        return hooks.deliveries(hook, "?state=failed")
    (failed,) = fleet.wait_until(given_up, what="it to be given up")
    assert failed["tries"] == 10 and failed["last_status"] == 302 and "redirects" in failed["last_error"] and failed["due_at"] is None
    assert not receiver.at("/elsewhere")
    receiver.plans.clear()
    hooks("POST", f"/{hook['webhook_id']}/deliveries/{failed['delivery_id']}/redeliver", None, 202)
    fleet.wait_until(lambda: len(hooks.deliveries(hook, "?state=delivered")) == 2, what="the redelivery")
    assert receiver.at()[-1].id == failed["event_id"]


def test_a_receiver_that_is_gone_is_switched_off(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    receiver.answer(410)
    hooks.test(hook)
    fleet.wait_until(lambda: not hooks("GET", f"/{hook['webhook_id']}")["active"], what="it to be off")
    assert "410" in hooks("GET", f"/{hook['webhook_id']}")["disabled_reason"]
    assert hooks("POST", f"/{hook['webhook_id']}/test", None, 409)["code"] == "webhook_disabled"
    (given_up,) = hooks.deliveries(hook)
    assert given_up["state"] == "failed"
    again = hooks("PATCH", f"/{hook['webhook_id']}", {"active": True})
    assert again["active"] and again["disabled_reason"] is None
    hooks.test(hook)
    hooks.wait_for(hook, "delivered")


def test_a_receiver_that_asks_for_time_is_left_alone(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    receiver.answer(503, Retry_After="2")
    hooks.test(hook)
    fleet.wait_until(lambda: fleet.value("select held_until > now() from webhooks"), what="the hold")
    began = time.monotonic()
    hooks.test(hook)
    hooks.wait_for(hook, "delivered", 2)
    assert time.monotonic() - began > 1 and len(receiver.at()) == 3


def test_a_dead_receiver_holds_up_nobody_else(fleet, hooks, receiver):
    fleet.start_producer(**SOON, webhooks__timeout_ms=3000)
    dead, alive = hooks.make(receiver.url("/dead")), hooks.make(receiver.url("/alive"))
    receiver.answer(204, "/dead", times=1000, delay=60)
    for _ in range(30):
        hooks.test(dead)
    fleet.wait_until(lambda: receiver.at("/dead"), what="the dead one to be tried")
    for _ in range(20):
        hooks.test(alive)
    hooks.wait_for(alive, "delivered", 20)
    assert len(receiver.at("/dead")) <= 4 * 2 and receiver.most_open <= 8
    fleet.wait_until(lambda: any(one["last_error"] and "timed out" in one["last_error"] for one in hooks.deliveries(dead)),
                     what="a time-out to be told")


def test_several_producers_share_and_a_killed_ones_deliveries_are_sent(fleet, hooks, receiver):
    first = fleet.start_producer(**SOON, webhooks__timeout_ms=1000)
    hook = hooks.make(receiver.url())
    receiver.answer(204, times=4, delay=30)
    for _ in range(20):
        hooks.test(hook)
    fleet.wait_until(lambda: len(receiver.at()) >= 4, what="some to be under way")
    first.kill()
    fleet.sql("update webhook_deliveries set due_at = now() where due_at is not null")  # what the lease's end does
    fleet.start_producer(**SOON)
    second = fleet.producer
    fleet.start_producer(**SOON)
    hooks.wait_for(hook, "delivered", 20)
    ids = [delivery.id for delivery in receiver.at()]
    assert len(set(ids)) == 20 and len(ids) <= 24
    assert second.running


# ---- whom we do not call ----

URLS = {"ftp://example.com/": "https://", "http://example.com/": "https://", "https://10.1.2.3/hook": "public address",
        "https://127.0.0.1/": "public address", "https://localhost/": "public address", "https://[::1]/": "public address",
        "https://169.254.169.254/latest/meta-data/": "public address", "https://user:pass@example.com/": "user",
        "https://2130706433/": "neither", "https://example.com/#x": "fragment"}


def test_addresses_inside_are_refused(fleet, hooks):
    fleet.start_producer()  # as installed: no plain loopback
    for url, says in URLS.items():
        problem = hooks("POST", "", {"url": url}, 422)
        assert problem["code"] == "url_not_allowed" and says in problem["detail"], problem
        assert problem["errors"][0]["pointer"] == "#/url"
    assert hooks("GET", "")["webhooks"] == []


def test_a_name_that_leads_inside_is_not_called(fleet, hooks, receiver):
    """Its address is seen at the call: names can change what they lead to."""
    fleet.start_producer(webhooks__tick_ms=50, webhooks__retry_first_ms=1)
    hook = hooks.make("https://example.com/hook")
    fleet.sql("update webhooks set url = %s", receiver.url().replace("http:", "https:"))
    hooks.test(hook)
    fleet.wait_until(lambda: hooks.deliveries(hook)[0]["last_error"], what="the refusal")
    (one,) = hooks.deliveries(hook)
    assert "address" in one["last_error"] and one["last_status"] is None and not receiver.got


# ---- the routes ----

def test_webhooks_are_the_admins_and_his_tenants_alone(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    no_admin = fleet.ctl.key(fleet.tenant.name, "read,sync,connect")
    assert fleet.api("GET", "/v1/webhooks", key=no_admin).status == 403
    other = Hooks(fleet.new_tenant("stranger"))
    path = f"/{hook['webhook_id']}"
    assert other("GET", "")["webhooks"] == []
    for method, route, body in (("GET", path, None), ("PATCH", path, {"active": False}), ("DELETE", path, None), ("POST", path + "/rotate", None),
                                ("POST", path + "/test", None), ("GET", path + "/deliveries", None)):
        assert other(method, route, body, 404)["code"] == "unknown_webhook"
    delivery = hooks.test(hook)["delivery_id"]
    assert other("POST", f"{path}/deliveries/{delivery}/redeliver", None, 404)["code"] == "unknown_delivery"
    assert hooks("GET", path)["active"]


def test_pages_changes_and_the_end(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    for _ in range(5):
        hooks.test(hook)
    hooks.wait_for(hook, "delivered", 5)
    path = f"/{hook['webhook_id']}"
    first = hooks("GET", path + "/deliveries?limit=3")
    rest = hooks("GET", path + f"/deliveries?limit=3&cursor={first['next_cursor']}")
    assert [len(first["deliveries"]), len(rest["deliveries"]), rest["next_cursor"]] == [3, 2, None]
    assert len({one["delivery_id"] for one in first["deliveries"] + rest["deliveries"]}) == 5
    changed = hooks("PATCH", path, {"url": receiver.url("/new"), "event_types": ["sync.failed"], "active": False})
    assert (changed["url"], changed["event_types"], changed["disabled_reason"]) == (receiver.url("/new"), ["sync.failed"], "switched off")
    assert hooks("PATCH", path, {"url": "gopher://x"}, 422)["code"] == "url_not_allowed"
    hooks("DELETE", path, None, 204)
    hooks("DELETE", path, None, 404)
    assert fleet.value("select count(*) from webhook_deliveries") == 0
    made = [hooks.make(receiver.url(f"/{n}")) for n in range(50)]
    assert hooks("POST", "", {"url": receiver.url()}, 409)["code"] == "too_many_webhooks"
    assert len(hooks("GET", "?limit=200")["webhooks"]) == len(made)
    assert hooks("GET", f"/{uuid.uuid4()}", None, 404)["code"] == "unknown_webhook"


def test_old_deliveries_are_forgotten(fleet, hooks, receiver):
    fleet.start_producer(**SOON)
    hook = hooks.make(receiver.url())
    hooks.test(hook)
    hooks.wait_for(hook, "delivered")
    assert fleet.value("select forget_deliveries(interval '1 day', 1000)") == 0
    fleet.sql("update webhook_deliveries set delivery_id = uuid_floor(now() - interval '31 days')")
    assert fleet.value("select forget_deliveries(interval '30 days', 1000)") == 1
