# SPDX-License-Identifier: Apache-2.0
"""Providers by HTTPS, as they are in the world: tokens and pages, and a server that cannot prove who it is."""
from harness.faithful import assert_faithful
from harness.tls_front import TlsFront

RECORDS = {"contacts": 730, "matters": 250, "tasks": 12}


def test_syncs_over_tls(fleet, tmp_path):
    """Many pages at once, and tokens that are refreshed; few connections carry them all."""
    fleet.start_producer()
    connections = [fleet.connection(f"acct-{number}", records=RECORDS) for number in range(8)]
    with TlsFront(fleet.simulator.process.address(), tmp_path) as front:
        fleet.start_worker(providers__origins=f"practicepanther={front.url}", http__ca_file=front.ca_file)
        for mode in ("full", "incremental"):
            assert_completed(fleet, [fleet.sync(connection, mode=mode) for connection in connections])
        fleet.simulator.dial("acct-0", "unauthorized")
        assert_completed(fleet, [fleet.sync(connections[0])])
        assert "/oauth/token" in {call["path"] for call in fleet.simulator.log("acct-0")}
        assert front.connections < sum(task["page"] for task in fleet.tasks())


def test_a_server_that_cannot_prove_who_it_is_gets_no_token(fleet, tmp_path):
    """The sync waits and says why, and goes on when the certificate is trusted."""
    fleet.start_producer()
    connection = fleet.connection("acct", records=RECORDS)
    with TlsFront(fleet.simulator.process.address(), tmp_path) as front:
        worker = fleet.start_worker(providers__origins=f"practicepanther={front.url}", retry__base_ms=1000, retry__max_ms=1000,
                                    retry__park_after_ms=0, retry__max_attempts=1000)
        sync = fleet.sync(connection, ["contacts"])
        fleet.wait_until(lambda: "certificate" in (fleet.tasks(sync)[0]["wait_reason"] or ""), what="the task to say why it waits")
        assert front.connections > 0 and not fleet.simulator.log("acct")
        fleet.restart(worker, http__ca_file=front.ca_file)
        assert_completed(fleet, [sync])


def assert_completed(fleet, syncs):
    for sync in syncs:
        fleet.wait_for_sync(sync, state="completed")
    assert_faithful(fleet, syncs)
