# SPDX-License-Identifier: Apache-2.0
"""`./fleet conform FILE.cfg`: runs a provider's declaration against an API made from it. Standard library only."""
import argparse
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

import table  # noqa: E402 (the path above comes first)
from bed import BadDeclaration, Bed, DoesNotHold, is_run, read_plan  # noqa: E402
from harness import ledger as ledgers  # noqa: E402
from harness.process import HarnessError  # noqa: E402
from harness.programs import Programs  # noqa: E402
from scenarios import Scenarios  # noqa: E402

EX_HOLDS, EX_DOES_NOT, EX_CONFIG = 0, 1, 78
AT_ONCE = 24

HELP = """\
Runs a provider's declaration against an API made from that declaration, with a producer, a worker, a broker and a
PostgreSQL of its own, and says in a table what holds. Exit code: 0 everything holds, 1 something does not (what, and which
key of the file to look at), 78 the file is no declaration (file, line and key).

What an API made from the declaration can find: rules that no answer reaches or that decide good answers, pages that are
never asked for or end too early, loops that nobody would notice, values that cannot be in one answer, columns of the wrong
kind, incremental walks that ask for everything or miss changes by a clock that is behind, tokens that are refreshed too
often or not in time, errors of the token endpoint, limits that no walk can live with, tables that do not fit.

What it cannot find: whether the provider is as the declaration says. A path, a parameter's name, a status or a code word
that is wrong is wrong in the API made from it too, and so it holds. For that, sync a real account of a few records.

Caps of paging are brought down to four pages, so that a walk comes to them at once; limits are brought near, each in
a provider of its own, and other walks are not held back by them. A worker refuses a declaration with a resource that it
cannot do; here the others are tried without it, and it is a row that does not hold. What an API made from a declaration does
not show (hooks, batches, sync tokens) is left out and said.
"""


def rows_of_findings(plan):
    return [table.Row(entry["resource"], entry["check"], entry["holds"], entry["detail"], entry["key"])
            for entry in plan["findings"]]


def leave_out_what_cannot_be_made(plan):
    """No answer can be made where two values want one place."""
    for entry in plan["findings"]:
        if entry["impossible"]:
            for resource in plan["resources"]:
                if resource["name"] == entry["resource"]:
                    resource["made"] = False


def rows_of_abilities(plan):
    return [table.Row(resource["name"], "this version can do it", not resource["cannot"],
                      f"it {resource['cannot']}" if resource["cannot"] else "", f"resources.{resource['name']}")
            for resource in plan["resources"]]


def rows_of_what_is_left_out(plan):
    """No fault of the declaration: the API made from it is too simple."""
    return [table.Row(resource["name"], "left out", True, f"nothing was run: an API made from a declaration does not show "
                      f"{resource['untried']}", f"resources.{resource['name']}")
            for resource in plan["resources"] if resource["untried"] and not resource["cannot"]]


def run_case(case):
    try:
        case.run(case)
    except DoesNotHold as reason:
        return table.Row(case.group, case.check, False, str(reason), reason.key or case.key)
    return table.Row(case.group, case.check, True, "", case.key)


def run_cases(bed):
    """Rows of everything that is run."""
    if not bed.plan["tells_accounts"]:
        return [table.Row(None, "accounts can be told apart", False,
                          "requests carry neither a token nor ${connection.external_id}: nothing could be run", "auth.kind")]
    cases = Scenarios(bed).all()
    if not cases:
        return []
    bed.connect({name: (case.provider, case.account, case.life_s, case.parents) for case in cases for name in case.names()})
    try:
        bed.start()
    except DoesNotHold as reason:
        return [table.Row(None, "a producer and a worker start with it", False, str(reason), "resources")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(run_case, cases))
    fallen = {(row.resource, row.check) for row in rows if not row.holds}
    for case, row in zip(cases, rows):
        first = next((need for need in case.needs if need in fallen and need != (row.resource, row.check)), None)
        if first and not row.holds:
            row.holds, row.detail = None, f"needs: {first[0] or 'the provider'}: {first[1]}"
    return rows


def conform(ledger, file):
    folder = ledger.make_folder()
    programs = Programs(ledger, folder, os.environ.get("FLEET_BUILD") or ledgers.ROOT / "build" / "release")
    providers = folder / "providers"
    providers.mkdir()
    plan = read_plan(programs, file, providers)
    leave_out_what_cannot_be_made(plan)
    rows = rows_of_abilities(plan) + rows_of_what_is_left_out(plan) + rows_of_findings(plan)
    if any(is_run(resource) for resource in plan["resources"]):
        rows += run_cases(Bed(ledger, programs, plan, providers))
    return plan, rows


def main():
    parser = argparse.ArgumentParser(prog="./fleet conform", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a provider's declaration")
    parser.add_argument("--json", action="store_true", help="print the rows as one JSON document")
    arguments = parser.parse_args()
    for signo in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, lambda number, _: sys.exit(128 + number))
    ledgers.clean_up_leftovers()
    began = time.monotonic()
    ledger = ledgers.Ledger("conform")
    try:
        plan, rows = conform(ledger, arguments.file.resolve())
    except BadDeclaration as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    finally:
        ledger.close()
    if arguments.json:
        print(json.dumps(table.document(plan, rows), indent=1))
    else:
        table.show(plan, rows, arguments.file, time.monotonic() - began)
    return EX_HOLDS if all(row.holds for row in rows) else EX_DOES_NOT


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (HarnessError, subprocess.SubprocessError) as error:
        sys.exit(f"fleet: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
