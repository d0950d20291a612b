# SPDX-License-Identifier: Apache-2.0
"""Nobody waits behind another's ten thousand: whoever comes has at most one slice of every slot ahead, and what was
dispatched ahead of him, which is at most half of the slots (dispatch_queued)."""
import pytest

from harness.fleet import PRODUCER_SOON, WORKER_SOON

MANY = 10_000

# What becomes of every task, in the order in which it happens: slices are told by their claims, not by a clock.
DIARY = """
create table diary (n bigserial primary key, what text, tenant_id uuid);
create function write_diary() returns trigger language plpgsql as $$
begin
    insert into diary (what, tenant_id) values (tg_argv[0], new.tenant_id);
    return null;
end $$;
create trigger accepted after insert on sync_tasks for each row execute function write_diary('accepted');
create trigger dispatched after update on sync_tasks for each row
    when (old.state = 'queued' and new.state = 'dispatched') execute function write_diary('dispatched');
create trigger claimed after update on sync_tasks for each row
    when (old.state = 'dispatched' and new.state = 'running') execute function write_diary('claimed');
"""


@pytest.mark.parametrize("slots", [32, 256])
def test_a_tenant_with_one_task_starts_within_one_slice_of_another_with_10000(fleet, slots):
    one = fleet.new_tenant("one")
    crowd = fleet.tenant.connections(fleet.simulator.accounts("crowd-", MANY, records={"contacts": 30}, latency_ms=700))
    fleet.sql(DIARY)
    fleet.start_producer(**PRODUCER_SOON)
    fleet.start_worker(worker__slots=slots, slice__seconds=1, **WORKER_SOON)
    fleet.wait_until(lambda: fleet.value("select count(*) from workers"), what="the worker to join")
    fleet.sql("select accept_sync(c, %s, 'http', null, c, 'practicepanther', '{contacts}', 'full', null, false) "
              "from unnest(%s::uuid[]) c", fleet.tenant.id, [connection.id for connection in crowd])
    for wave in (1, 2):  # when the fleet has just filled, and when it is at work
        fleet.wait_until(lambda: claims_between(fleet, 0, None) >= wave * slots, 60, f"{wave} times all slots to be taken")
        late = one.connection(f"late-{wave}", records={"contacts": 30})
        sync = fleet.sync(late, ["contacts"], "full")
        fleet.wait_for_sync(sync, 60, "completed")
        accepted, dispatched, claimed = steps_of(fleet, one)
        waited, stood = claims_between(fleet, accepted, dispatched), claims_between(fleet, dispatched, claimed)
        assert waited + stood <= slots * 3 // 2, f"{waited} slices of the crowd began before the one's dispatch, {stood} after it, on {slots} slots"
    assert fleet.value("select count(*) from sync_tasks where tenant_id = %s and ended_at is null", fleet.tenant.id) > MANY / 2


def claims_between(fleet, start, end):
    return fleet.value("select count(*) from diary where what = 'claimed' and n > %s and n < coalesce(%s, n + 1)", start, end)


def steps_of(fleet, tenant):
    """When the tenant's last task was accepted, first dispatched and first claimed."""
    accepted = fleet.value("select max(n) from diary where tenant_id = %s and what = 'accepted'", tenant.id)
    return accepted, *(fleet.value("select min(n) from diary where tenant_id = %s and what = %s and n > %s", tenant.id, what, accepted)
                       for what in ("dispatched", "claimed"))
