# SPDX-License-Identifier: Apache-2.0
"""Nobody waits behind another's ten thousand."""
import pytest

from harness.fleet import PRODUCER_SOON, WORKER_SOON

MANY = 10_000

# Every claim and every acceptance, in the order in which they happened: a slice is told by its claim, not by a clock.
DIARY = """
create table diary (n bigserial primary key, what text, tenant_id uuid);
create function write_diary() returns trigger language plpgsql as $$
begin
    insert into diary (what, tenant_id) values (tg_argv[0], new.tenant_id);
    return null;
end $$;
create trigger accepted after insert on sync_tasks for each row execute function write_diary('accepted');
create trigger claimed after update on sync_tasks for each row
    when (old.state = 'dispatched' and new.state = 'running') execute function write_diary('claimed');
"""


@pytest.mark.parametrize("slots", [8, 256])
def test_a_tenant_with_one_task_starts_within_one_slice_of_another_with_10000(fleet, slots):
    one = fleet.new_tenant("one")
    crowd = fleet.tenant.connections(fleet.simulator.accounts("crowd-", MANY, records={"contacts": 30}, latency_ms=700))
    fleet.sql("select accept_sync(c, %s, 'http', null, c, 'practicepanther', '{contacts}', 'full', null, false) "
              "from unnest(%s::uuid[]) c", fleet.tenant.id, [connection.id for connection in crowd])
    fleet.sql(DIARY)
    fleet.start_producer(**PRODUCER_SOON)
    fleet.start_worker(worker__slots=slots, slice__seconds=1, **WORKER_SOON)
    for wave in (1, 2):  # when the fleet has just filled, and when it is at work
        fleet.wait_until(lambda: claims(fleet) >= wave * slots, 60, f"{wave} times all slots to be taken")
        late = one.connection(f"late-{wave}", records={"contacts": 30})
        fleet.sync(late, ["contacts"], "full")
        fleet.wait_until(lambda: turns_before(fleet, one, wave) is not None, 60, "the one task to start")
        turns = turns_before(fleet, one, wave)
        assert turns <= slots, f"{turns} slices of the crowd began on {slots} slots before the one task did"
    fleet.wait_until(lambda: fleet.value("select count(*) from syncs where tenant_id = %s and state = 'completed'", one.id) == 2,
                     60, "the one's syncs")
    assert fleet.value("select count(*) from sync_tasks where tenant_id = %s and ended_at is null", fleet.tenant.id) > MANY / 2


def claims(fleet):
    return fleet.value("select count(*) from diary where what = 'claimed'")


def turns_before(fleet, tenant, nth):
    """How many slices of others began between the tenant's nth acceptance and the first claim after it; None: not yet claimed."""
    return fleet.value(
        "with accepted as (select n from diary where tenant_id = %s and what = 'accepted' order by n offset %s limit 1), "
        "claimed as (select min(d.n) as n from diary d, accepted a where d.tenant_id = %s and d.what = 'claimed' and d.n > a.n) "
        "select case when c.n is not null then (select count(*) from diary d, accepted a "
        "where d.what = 'claimed' and d.n > a.n and d.n < c.n) end from claimed c", tenant.id, nth - 1, tenant.id)
