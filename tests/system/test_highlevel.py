# SPDX-License-Identifier: Apache-2.0
"""HighLevel as its users described it: connect, sync, look at calls, refresh, test, disconnect; and each error with its cause."""
import json

import pytest

from harness.faithful import assert_faithful

LOCATION = "loc-1"


def connection(fleet, account=LOCATION, own=None, **settings):
    return fleet.connection(account, "highlevel", own={"location_id": account, **(own or {})}, **settings)


def stored_text(fleet):
    """All that the database has as text."""
    tables = [row["name"] for row in fleet.sql("select c.relname as name from pg_class c where c.relkind = 'r' "
                                               "and c.relnamespace = 'public'::regnamespace")]
    return "\n".join(row["text"] for table in tables for row in fleet.sql(f"select x::text as text from {table} x"))


@pytest.mark.parametrize("api", ["v2", "v3"])
def test_calls_are_stored_without_what_is_not_ours(fleet, api):
    fleet.start()
    calls = connection(fleet, own={"api_version": api}, records={"call_logs": 120})
    assert_faithful(fleet, [fleet.sync(calls, mode="full")])
    first = fleet.simulator.rows(LOCATION, "call_logs")[0]
    row = fleet.sql("select * from highlevel_calls where id = %s", first["id"])[0]
    assert (row["agent_id"], row["summary"], row["trial_call"]) == (first["agentId"], first["summary"], first["trialCall"])
    fleet.simulator.dial(LOCATION, "nul_text", resource="call_logs", after=1)
    fleet.wait_for_sync(fleet.sync(calls, mode="full"), state="completed")
    assert fleet.value("select count(*) from dead_records") == 1
    assert "third-party" in json.dumps(fleet.simulator.rows(LOCATION, "call_logs"))
    assert "third-party" not in stored_text(fleet)
