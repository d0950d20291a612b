# SPDX-License-Identifier: Apache-2.0
"""The books of the limits: whatever workers ask for, no window of any budget holds more than is allowed."""
import json
import random
import time
import uuid

import pytest

WORKERS = [str(uuid.UUID(int=n)) for n in range(1, 9)]
MS = 1000


def ask(fleet, worker, budgets, lanes=(), lead_us=3 * MS, horizon_us=5000 * MS):
    text = fleet.value("select exchange_budgets(%s, %s, %s, %s, %s)", WORKERS[worker], lead_us, horizon_us,
                       json.dumps(budgets), json.dumps(list(lanes)))
    return json.loads(text)


def rate(name, count=10, window_ms=1070, burst=None, refills=False, interval_ms=None):
    return {"budget": name, "provider": "p", "name": name, "kind": "rate", "interval_us": (interval_ms or window_ms / count) * MS,
            "window_us": window_ms * MS, "burst": count if burst is None else burst, "refills": refills, "keep_us": 5000 * MS,
            "want": 0, "need": 0, "held": 0, "give": 0}


def quota(name, allowance, period_ms, rolling=True, **more):
    return {"budget": name, "provider": "p", "name": name, "kind": "quota", "allowance": allowance, "period_us": period_ms * MS,
            "rolling": rolling, "keep_us": 1000 * MS, "want": 0, "need": 0, "held": 0, "give": 0, "give_slot": 0, **more}


def permits(name, allowance, keep_ms=10000, **more):
    return {"budget": name, "provider": "p", "name": name, "kind": "concurrency", "allowance": allowance, "keep_us": keep_ms * MS,
            "want": 0, "need": 0, "held": 0, "give": 0, **more}


def starts(answer, lane=0):
    return answer["lanes"][lane]["starts"]


@pytest.mark.parametrize("count, window_ms, burst", [(10, 1070, 10), (10, 1070, 1), (10, 1070, 4), (3, 321, 3), (1, 214, 1)])
def test_no_window_of_a_rate_holds_more_than_its_count(fleet, count, window_ms, burst):
    budget, chance, leased = rate("r", count, window_ms, burst), random.Random(count * burst), []
    until = time.monotonic() + 2
    while time.monotonic() < until:
        need = chance.choice((1, 1, 2, 5, 20))
        leased += starts(ask(fleet, chance.randrange(8), [budget], [{"budgets": [0], "need": need, "want": need + chance.randrange(5)}]))
        time.sleep(chance.choice((0, 0, 0.01, 0.1, 0.4)))
    leased.sort()
    assert len(leased) >= count
    assert all(later - first >= (window_ms - 1) * MS for first, later in zip(leased, leased[count:]))


def test_a_bucket_refills_while_it_is_drawn_from(fleet):
    budget = rate("b", burst=5, refills=True, interval_ms=200)
    lane = [{"budgets": [0], "need": 20, "want": 20}]
    first = starts(ask(fleet, 0, [budget], lane, horizon_us=500 * MS))
    assert len([at for at in first if at == first[0]]) == 5 and [round((at - first[0]) / MS) for at in first[5:]] == [200, 400]
    time.sleep(1)
    again = starts(ask(fleet, 0, [budget], lane, horizon_us=100 * MS))
    assert 2 <= len(again) <= 4  # a second's worth, less what was ahead


def test_who_shares_takes_what_it_needs_and_no_more(fleet):
    """A second's worth is divided by those who ask; nobody takes starts ahead of need from others."""
    ask(fleet, 1, [rate("r")], [{"budgets": [0], "need": 1, "want": 1}])
    assert len(starts(ask(fleet, 0, [rate("r")], [{"budgets": [0], "need": 1, "want": 9}]))) == 1
    assert len(starts(ask(fleet, 0, [rate("r")], [{"budgets": [0], "need": 50, "want": 50}]))) == 5
    alone = ask(fleet, 0, [rate("alone")], [{"budgets": [0], "need": 1, "want": 9}])
    assert len(set(starts(alone))) == 9  # ahead, and therefore one by one


def test_a_slow_budget_does_not_hold_up_a_fast_one(fleet):
    fast, slow = rate("a_fast"), rate("b_slow", 1, 60000)
    both, one = {"budgets": [0, 1], "need": 3, "want": 3}, {"budgets": [0], "need": 3, "want": 3}
    answer = ask(fleet, 0, [fast, slow], [both])
    assert len(starts(answer)) == 1 and answer["lanes"][0]["wait"] > 50000 * MS and answer["lanes"][0]["limit"] == 1
    answer = ask(fleet, 0, [fast, slow], [both, one])
    assert starts(answer) == [] and starts(answer, 1)[0] < answer["now"] + 500 * MS


def test_a_refusal_closes_and_opens_evenly(fleet):
    ask(fleet, 0, [rate("r")], [{"budgets": [0], "need": 1, "want": 1}])
    ask(fleet, 0, [{**rate("r"), "close_us": 300 * MS}])
    closed = ask(fleet, 1, [rate("r")], [{"budgets": [0], "need": 5, "want": 5}], horizon_us=100 * MS)
    assert starts(closed) == [] and 0 < closed["budgets"][0]["closed"] <= 300 * MS and closed["lanes"][0]["wait"] > 0
    time.sleep(0.35)
    opened = ask(fleet, 1, [rate("r")], [{"budgets": [0], "need": 3, "want": 3}])
    assert len(set(starts(opened))) == len(starts(opened)) > 1


def test_two_refused_accounts_close_what_they_share(fleet):
    wide, first, second = rate("r_app"), {**rate("r 1"), "name": "own"}, {**rate("r 2"), "name": "own"}
    answer = ask(fleet, 0, [{**first, "close_us": 5000 * MS, "wide": 1}, wide])
    assert answer["budgets"][0]["closed"] > 0 and answer["budgets"][1]["closed"] == 0
    answer = ask(fleet, 1, [{**second, "close_us": 5000 * MS, "wide": 1}, wide])
    assert answer["budgets"][1]["closed"] > 0


def test_units_are_debited_given_back_and_slide(fleet):
    book = quota("q", 100, 960)  # slots of 20 ms
    first = ask(fleet, 0, [{**book, "want": 60, "need": 60}])["budgets"][0]
    assert first["units"] == 60
    second = ask(fleet, 1, [{**book, "want": 60, "need": 60}])["budgets"][0]
    assert second["units"] == 40 and 0 < second["wait"] <= 1040 * MS
    ask(fleet, 0, [{**book, "give": 20, "give_slot": first["slot"]}])
    assert ask(fleet, 1, [{**book, "want": 60, "need": 60}])["budgets"][0]["units"] == 20
    time.sleep(1.1)
    assert ask(fleet, 1, [{**book, "want": 100, "need": 100}])["budgets"][0]["units"] == 100


def test_the_providers_word_counts(fleet):
    book = quota("q", 1000, 3600000)
    assert ask(fleet, 0, [{**book, "want": 10, "need": 10}])["budgets"][0]["units"] == 10
    # 50 are left; 5 calls of ours are under way, and the 10 of the other worker may not be counted yet
    ask(fleet, 1, [{**book, "remaining": 50, "held": 5}])
    assert ask(fleet, 1, [{**book, "want": 500, "need": 500, "held": 5}])["budgets"][0]["units"] == 35
    # more than was thought: the account has a greater plan
    ask(fleet, 1, [{**book, "remaining": 5000}])
    assert fleet.value("select scale from rate_budgets") == 0.2
    assert ask(fleet, 1, [{**book, "want": 4000, "need": 4000}])["budgets"][0]["units"] == 4000


def test_a_quota_is_renewed_when_the_provider_says(fleet):
    book = quota("q", 5, 3600000, rolling=False)
    assert ask(fleet, 0, [{**book, "want": 9, "need": 9}])["budgets"][0]["units"] == 5
    spent = ask(fleet, 0, [{**book, "want": 9, "need": 9, "reset_us": 200 * MS}])["budgets"][0]
    assert spent["units"] == 0 and 0 < spent["wait"] <= 200 * MS
    time.sleep(0.25)
    assert ask(fleet, 0, [{**book, "want": 9, "need": 9}])["budgets"][0]["units"] == 5


def test_permits_are_never_more_than_allowed(fleet):
    chance, held = random.Random(5), [0] * 8
    for _ in range(200):
        worker = chance.randrange(8)
        using = chance.randint(0, held[worker])
        held[worker] = ask(fleet, worker, [permits("c", 5, want=using + chance.randrange(4), held=using)])["budgets"][0]["units"]
        assert sum(held) <= 5, held


def test_permits_expire_with_their_worker(fleet):
    assert ask(fleet, 0, [permits("c", 5, 300, want=5)])["budgets"][0]["units"] == 5
    assert ask(fleet, 1, [permits("c", 5, want=2)])["budgets"][0]["units"] == 0
    time.sleep(0.35)
    assert ask(fleet, 1, [permits("c", 5, want=2)])["budgets"][0]["units"] == 2


def test_a_learnt_rate_changes_the_distance(fleet):
    ask(fleet, 0, [{**rate("r", burst=1), "scale": 2}])
    leased = starts(ask(fleet, 0, [rate("r", burst=1)], [{"budgets": [0], "need": 3, "want": 3}]))
    assert [round((later - first) / MS) for first, later in zip(leased, leased[1:])] == [214, 214]


def test_a_greater_rate_counts_at_once(fleet):
    """Amazon's orders: one call a minute as documented, and a seller who may do more."""
    budget, lane = rate("b", burst=2, refills=True, interval_ms=60000), [{"budgets": [0], "need": 2, "want": 2}]
    first = starts(ask(fleet, 0, [budget], lane))
    again = starts(ask(fleet, 0, [{**budget, "scale": 0.001}], lane))
    assert len(first) == 2 and len(again) == 2 and again[-1] - first[0] < 2000 * MS
