# SPDX-License-Identifier: Apache-2.0
"""A property-based fuzzer (Schemathesis) over openapi.yaml, against a producer with data: no 5xx, no status, header or body that
the document does not declare, and no input taken that it forbids."""
import json
import os
import subprocess
import sys

import pytest

from harness.ledger import ROOT
from harness.mailbox import integrate

TOOL = ROOT / ".fleet" / "schemathesis"  # put there by ./fleet test
# A count of cases for each operation is the same on a busy machine; ./fleet test fuzz-http goes on for a time, with other seeds.
SECONDS = os.environ.get("FUZZ_HTTP_SECONDS")
HOW_LONG = ["--max-time", SECONDS] if SECONDS else ["--max-examples", "5", "--seed", os.environ.get("FLEET_SEED", "1")]
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance,ignored_auth")
ENDLESS = "^/v1/.*events$"  # streams: an answer that goes on cannot be held against a schema


def grounds(fleet):
    """Accounts, syncs, a dead letter and a record in quarantine for the requests to meet; what exists, by the routes' names for it.
    What may be deleted is something else, so that it does not soon go for all."""
    fine, failing, victim = (fleet.connection(name, records={"contacts": 3}) for name in ("fine", "failing", "victim"))
    fleet.simulator.dial("fine", "nul_text", resource="contacts")
    fleet.simulator.dial("failing", "server_error", status=404, times=-1)
    for connection in (fine, failing):
        fleet.wait_for_sync(fleet.sync(connection, ["contacts"]))
    organisation = fleet.connection("org-1", "zoho", records={"leads": 3})
    schedules = [fleet.api("POST", "/v1/schedules", {"provider": fine.provider, "connection_id": one.id, "cron": "@yearly"}).body
                 for one in (fine, victim)]
    return {
        "connection_id": [fine.id, failing.id, organisation.id], "sync_id": fleet.syncs(), "schedule_id": [schedules[0]["schedule_id"]],
        "integration_id": integrate(fleet, fleet.tenant.id, fine.id), "q": ["subject", "anything -else"], "label": ["INBOX"],
        "timeZone": ["Europe/Berlin", "UTC"],
        "task_id": [str(task["task_id"]) for task in fleet.tasks() if task["state"] == "failed"],
        "dead_record_id": [str(row["dead_record_id"]) for row in fleet.sql("select dead_record_id from dead_records")],
        "tenant_id": [fleet.tenant.id], "provider": [fine.provider], "resource": ["contacts"],
        "resources": [["contacts"], ["matters", "tasks"]], "time_zone": ["Europe/Berlin", "UTC"],
        "cron": ["*/5 * * * *", "30 2 * * mon"],
        "DELETE connection_id": [victim.id], "DELETE schedule_id": [schedules[1]["schedule_id"]]}


@pytest.mark.skipif(not (TOOL / "installed").exists(), reason="./fleet test installs Schemathesis")
def test_the_service_is_as_its_document_says(fleet):
    fleet.start()
    known = grounds(fleet)
    key = fleet.ctl.key("first", rights="read,sync,connect,admin,operate")
    own = str(fleet.value("select key_id from service_keys where rights @> '{operate}'"))
    done = subprocess.run(
        [sys.executable, TOOL / "bin" / "schemathesis", "run", ROOT / "schemas" / "openapi.yaml", "--url", fleet.producer_url,
         "--header", f"Authorization: Bearer {key}", "--checks", CHECKS, *HOW_LONG,
         "--exclude-path-regex", ENDLESS, "--request-timeout", "15", "--continue-on-failure", "--no-color",
         "--generation-database", "none", "--report", "junit", "--report-dir", fleet.programs.logs],
        capture_output=True, text=True, check=False, cwd=fleet.programs.logs,
        env={**os.environ, "PYTHONPATH": f"{TOOL}:{ROOT / 'tests' / 'system'}", "SCHEMATHESIS_HOOKS": "harness.fuzz_hooks",
             "FUZZ_KNOWN": json.dumps(known), "FUZZ_OWN_KEY": own})
    (fleet.programs.logs / "schemathesis.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert fleet.producer.running and fleet.api("GET", "/v1/syncs", key=key).status == 200
