# SPDX-License-Identifier: Apache-2.0
"""`./fleet conform`: declarations that are right, and declarations with planted mistakes, each found by the row that names it."""
import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from harness.ledger import ROOT

CONFORM = ROOT / "tests" / "conform" / "conform.py"
sys.path.insert(0, str(CONFORM.parent))

import limits  # noqa: E402 (the path above comes first)
import truth  # noqa: E402

PROVIDERS = sorted((ROOT / "common" / "providers").glob("*.cfg"))
DECLARATIONS = ROOT / "tests" / "fixtures" / "declarations"
EX_USAGE, EX_CONFIG = 2, 78


# Of what a declaration has that not every one has.
TRIED = {"practicepanther": [("tasks", "a record that is gone is deleted"), ("contacts", "changes by a clock that is behind are found"),
                             (None, "the second refresh uses the right refresh token")],
         "zoho": [("leads", "a record that is gone is deleted"), ("deals", "more records than paging shows: the rest"),
                  (None, "the quota credits is never passed"), (None, "the limit parallel of calls at once is never passed")],
         "dialects": [("linked", "a record that is gone is deleted"), ("posted", "an incremental walk asks for what changed"),
                      (None, "the rate burst is never passed"), (None, "verdicts[0]: 200 is throttled")],
         "shop": [("items", "a record that is gone is deleted"), ("calls", "an incremental walk asks for what changed"),
                  ("calls", "more records than paging shows: the rest"), ("stock", "every record once, in its columns")],
         "bench": [("contacts", "a cursor that does not move is found")]}


def conform(file, *arguments):
    build = os.environ.get("FLEET_BUILD") or ROOT / "build" / "dev"
    return subprocess.run([sys.executable, "-B", CONFORM, file, *arguments], capture_output=True, text=True, timeout=170,
                          check=False, env={**os.environ, "FLEET_BUILD": str(build)})


def rows_of(file):
    """Exit code and rows by (resource, check), each a list: a check may have several."""
    done = conform(file, "--json")
    assert done.returncode in (0, 1), done
    document = json.loads(done.stdout)
    assert document["holds"] == (done.returncode == 0)
    found = {}
    for row in document["rows"]:
        found.setdefault((row["resource"], row["check"]), []).append(row)
    return done.returncode, found


def fallen(rows):
    """What does not hold, by (resource, check): details and keys."""
    return {name: [(row["detail"], row["key"]) for row in some if row["holds"] is False]
            for name, some in rows.items() if any(row["holds"] is False for row in some)}


@pytest.mark.parametrize("file", [*PROVIDERS, DECLARATIONS / "conform" / "dialects.cfg", DECLARATIONS / "conform" / "open.cfg",
                                  DECLARATIONS / "walks" / "shop.cfg"], ids=lambda path: path.stem)
def test_a_declaration_that_is_right(file):
    code, rows = rows_of(file)
    assert fallen(rows) == {} and code == 0
    assert not any(row["holds"] is None for some in rows.values() for row in some)
    assert {check for _, check in rows} & {"every record once, in its columns", "left out"}
    assert set(TRIED.get(file.stem, [])) <= set(rows)


def test_the_table_says_it_for_people():
    done = conform(DECLARATIONS / "acme.cfg")
    assert done.returncode == 0 and done.stderr == ""
    assert "Acme Warehouse" in done.stdout and "NO" not in done.stdout and "hold  (" in done.stdout


@pytest.fixture(scope="module")
def wobbly():
    """One run of a declaration in which each resource has a mistake of its own."""
    code, rows = rows_of(DECLARATIONS / "conform" / "wobbly.cfg")
    assert code == 1
    return fallen(rows)


MISTAKES = [
    ("early", "pages shorter than asked for", "stop = short_page", "resources.early.paging.stop"),
    ("unguarded", "a repeated page is looked for", "set guard = true", "resources.unguarded.paging.guard"),
    ("unguarded", "a page that comes again is found", "it does not end", "resources.unguarded.paging.guard"),
    ("stuck", "the next page is asked for", "leaves it out of later requests", "resources.stuck.params"),
    ("stuck", "every record once, in its columns", "stalled", "resources.stuck.paging"),
    ("always_all", "an incremental walk says since when", "out of incremental walks", "resources.always_all.params"),
    ("always_all", "an incremental walk asks for what changed", "it does not say since when", "resources.always_all.params"),
    ("unasked", "the page's size is asked for", "paging.size is 100", "resources.unasked.params"),
    ("unasked", "every record once, in its columns", "50 rows for 250 records", "resources.unasked.paging"),
    ("crowded", "the envelope's values have places of their own", '"data.next" and records', "resources.crowded.paging.next"),
    ("nested", "a record can have all columns", 'reads "owner.id" inside of it', "resources.nested.columns"),
    ("refused", "every record once, in its columns", "failed: permanent", "resources.refused.verdicts, verdicts"),
    ("uncursed", "a rule that decides some answer", "this paging sends none", "resources.uncursed.verdicts[0]"),
    ("slow", "the limits let a walk come to its end", "a page every 3600 s", "limits[0]"),
    ("costly", "the limits let a walk come to its end", "a call costs 20", "limits[2]"),
    ("dying", "the limits let a walk come to its end", "a cursor lives 30 s", "limits[1]"),
    (None, "a rule that decides some answer", "decided by verdicts[0] already", "verdicts[1]"),
    (None, "a rule that decides some answer", "no answer can be what it asks for", "verdicts[2]"),
    (None, "a rule that decides some answer", "decided by auth.verdicts[0] already", "auth.verdicts[1]"),
    (None, "an access token lives longer than it is refreshed early", "every task would refresh", "auth.refresh_early_s"),
    (None, "a token that is good is not refreshed", "refreshes instead of 0", "auth.refresh_early_s"),
]


@pytest.mark.parametrize("resource, check, detail, key", MISTAKES, ids=lambda value: str(value).replace(" ", "-")[:40])
def test_a_planted_mistake_is_found(wobbly, resource, check, detail, key):
    said = wobbly[(resource, check)]
    assert any(detail in text and key == where for text, where in said), said


def test_only_what_is_wrong_is_found(wobbly):
    assert {resource for resource, _ in wobbly} == {resource for resource, *_ in MISTAKES}
    assert "good" not in {resource for resource, _ in wobbly}


@pytest.mark.parametrize("name, resource, what", [("unruled", "odds", "hook")])
def test_what_this_version_cannot_do_is_said(name, resource, what):
    code, rows = rows_of(DECLARATIONS / f"{name}.cfg")
    assert code == 1
    ((detail, key),) = fallen(rows)[(resource, "this version can do it")]
    assert f"uses {what}, which this version cannot do" in detail and key == f"resources.{resource}"
    assert {check for _, check in fallen(rows)} == {"this version can do it"}


def test_a_file_that_is_no_declaration():
    done = conform(DECLARATIONS / "bad" / "unknown_key.cfg")
    assert done.returncode == EX_CONFIG and done.stdout == ""
    assert "unknown_key.cfg:" in done.stderr and "unknown key; allowed are" in done.stderr
    assert conform(DECLARATIONS / "nowhere.cfg").returncode == EX_CONFIG


def test_the_help_says_what_cannot_be_found():
    done = conform("--help")
    assert done.returncode == 0 and "What it cannot find" in done.stdout and "sync a real account" in done.stdout


# ---- how it measures ----

RESOURCE = {"id": ["ref.code", "number"], "redact": ["secret"], "payload": True,
            "columns": [{"name": "number", "path": "number", "type": "integer", "time": "rfc3339"},
                        {"name": "at", "path": "meta.at", "type": "timestamp", "time": "epoch_ms"},
                        {"name": "price", "path": "price", "type": "numeric", "time": "rfc3339"}]}
SERVED = [{"ref": {"code": "a"}, "number": 1, "meta": {"at": "1700000000000"}, "price": "12.50", "secret": "x"},
          {"ref": {"code": "b"}, "number": "2", "price": ""}]
STORED = [{"id": "a/1", "number": 1, "at": "2023-11-14T22:13:20+00:00", "price": Decimal("12.50"),
           "payload": {**SERVED[0], "secret": None}},
          {"id": "b/2", "number": 2, "at": None, "price": None, "payload": SERVED[1]}]


@pytest.mark.parametrize("rows, said", [
    (STORED, None), (STORED[:1], "1 rows for 2 records, for one b/2 is missing"), (STORED + [{"id": "c"}], "c is none of them"),
    (STORED + STORED[:1], "3 rows for 2 records"), ([{**STORED[0], "number": 7}, STORED[1]], "column number of a/1 is 7 for 1"),
    ([{**STORED[0], "at": None}, STORED[1]], "column at of a/1"), ([{**STORED[0], "price": Decimal("12.51")}, STORED[1]], "column price"),
    ([{**STORED[0], "payload": SERVED[0]}, STORED[1]], "payload of a/1")], ids=range(8))
def test_rows_are_held_against_records(rows, said):
    difference = truth.compare(RESOURCE, SERVED, rows)
    assert (difference is None) == (said is None) and (said is None or said in difference[0]), difference


def test_calls_are_counted_in_any_second():
    assert limits.most_in_a_period([0, 100, 999, 1000, 1001, 1100]) == 4
    assert limits.most_in_a_period([0, 1000, 2000]) == 1


def test_calls_at_once_are_counted_by_their_scope():
    entries = [{"account": account, "path": path, "ms": ms, "took_ms": 100}
               for account, path, ms in (("a", "/x", 0), ("a", "/y", 50), ("b", "/x", 60), ("a", "/x", 100))]
    for connection, operation, most in ((False, False, 3), (True, False, 2), (False, True, 2), (True, True, 1)):
        assert limits.most_at_once(entries, {"for_connection": connection, "for_operation": operation}) == most


def test_nothing_is_left_behind():
    runs = ROOT / ".fleet" / "runs"
    before = set(runs.glob("conform-*"))
    assert conform(DECLARATIONS / "bad" / "unknown_key.cfg").returncode == EX_CONFIG
    assert set(runs.glob("conform-*")) <= before
