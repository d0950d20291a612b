# SPDX-License-Identifier: Apache-2.0
"""A seeded mix of misbehaviour on many accounts of every provider while workers are killed. FLEET_SEED repeats one,
FLEET_CAMPAIGN makes it longer."""
import os

from harness.dials import PROVIDERS, SIZE, Stage, dial, ids
from harness.fleet import PRODUCER_SOON, WORKER_SOON

ROUNDS = 40 if "FLEET_CAMPAIGN" in os.environ else 4
ACCOUNTS = 6  # of each provider
MET = 15  # answers of a round that dials changed, before a worker is killed

# None that spends a rotating refresh token: only the account's user could help then.
ANYWHERE = [
    dial("throttle"), dial("throttle", retry_after="1"), dial("throttle", retry_after="soon", times=3),
    dial("server_error", times=2), dial("server_error", status=404), dial("forbidden"), dial("unauthorized"),
    dial("expire_token"), dial("expired_cursor"), dial("hang"), dial("hang", ms=30, times=2), dial("latency", ms=400),
    dial("cut", times=2), dial("lost"), dial("drip", bytes=2000, ms=20), dial("drip", bytes=10, ms=100),
    dial("wrong_length", bytes=-50), dial("wrong_length", bytes=50), dial("gzip", times=3), dial("bad_gzip"),
    dial("gzip_bomb", bytes=8 << 20), dial("huge", bytes=2 << 20), dial("huge_record", bytes=300000), dial("broken_json"),
    dial("html"), dial("null_id"), dial("nul_text"), dial("bad_utf8"), dial("huge_page"), dial("empty_page"),
    dial("repeated_page"), dial("swapped_pages"), dial("cursor_loop"), dial("cursor_loop", times=-1, **{"to": 0, "from": SIZE}),
    dial("duplicated_rows", rows=3), dial("overlapping_page", rows=4), dial("reordered_rows", times=-1),
    dial("change", added=3, removed=2, changed=9), dial("latency", ms=300, resource="token"),
    dial("server_error", status=503, resource="token"), dial("throttle", retry_after="1", resource="token"),
    dial("hang", ms=30, resource="token"),
]


def test_every_record_is_there_when_the_mix_is_over(fleet, tmp_path, dice):
    stage = Stage(fleet, tmp_path, timeout_s=2)
    fleet.start_producer(providers__dir=stage.declared, **PRODUCER_SOON)
    settings = {**WORKER_SOON, "providers__dir": stage.declared, "http__body_max_bytes": 1 << 20, "retry__max_attempts": 4,
                "pages__budget_bytes": 1 << 20, "worker__slots": 12, "slice__pages": 2, "breaker__open_ms": 500, "refresh__lease_ms": 5000,
                "breaker__open_max_ms": 1000}
    workers = [fleet.start_worker(**settings) for _ in range(2)]
    accounts = [f"{provider}-{n}" for provider in PROVIDERS for n in range(ACCOUNTS)]
    provider_of = {account: account.split("-")[0] for account in accounts}
    connection_of, whole = {}, {}
    for provider in PROVIDERS:
        mine = [account for account in accounts if provider_of[account] == provider]
        connection_of.update(zip(mine, stage.connect(provider, mine, latency_ms=5)))
    whole = {account: ids(stage.served(account, provider_of[account])) for account in accounts}

    for _ in range(ROUNDS):
        before = met(fleet)
        for account in dice.sample(accounts, len(accounts) * 2 // 3):
            for each in dice.sample(possible(provider_of[account]), dice.randint(1, 3)):
                fleet.simulator.dial(account, **{"after": dice.randint(0, 3), **each})
            stage.sync(connection_of[account], provider_of[account], dice.choice(["full", "incremental"]))
        fleet.wait_until(lambda: met(fleet) >= before + MET or ended(fleet), what=f"{MET} answers that dials changed")
        victim = dice.choice(workers)
        victim.kill()
        workers[workers.index(victim)] = fleet.restart(victim)

    assert met(fleet) > ROUNDS * MET // 3
    for account in accounts:
        fleet.simulator.clear_dials(account)
        whole[account] |= ids(stage.served(account, provider_of[account]))
    fleet.wait_for_rest(120)
    syncs = {account: stage.sync(connection_of[account], provider_of[account]) for account in accounts}
    # A worker that died with a new pair of a provider that rotates has taken it along.
    lost = [account for account in accounts if syncs[account] is None]
    assert len(lost) <= ROUNDS and all(provider_of[account] == "practicepanther" for account in lost), lost
    for account in set(accounts) - set(lost):
        fleet.wait_for_sync(syncs[account], 60, state="completed")
        assert_all_there(stage, connection_of[account], account, provider_of[account], whole[account])


def possible(provider):
    """A fixed token that has expired stays so."""
    return ANYWHERE if PROVIDERS[provider].oauth else [each for each in ANYWHERE if each["dial"] != "expire_token"]


def ended(fleet):
    return fleet.value("select not exists (select from sync_tasks where ended_at is null)")


def met(fleet):
    return len([entry for entry in fleet.simulator.log() if entry["dials"]])


def assert_all_there(stage, connection, account, provider, whole):
    """Every record as it is served now; beyond them only some that were once served and are gone."""
    _, missing = stage.differs(connection, account, provider)
    assert missing == set(), (account, missing)
    assert ids(stage.rows(connection, provider)) <= whole
