# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files in a folder: names what did not pass and ends with "N passed, N failed"; exit code 1 if any failed.
<part>-again.xml has those of <part>.xml that failed and were run once more, alone: what passed then is named, too.
With --failed before one of pytest's files: the ids of its failed tests, each ended by NUL."""
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

AGAIN = "-again"
CMOCKA_CASE = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (\w+)$", re.MULTILINE)
CMOCKA_WORDS = {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}
PYTEST_SUMMARY = re.compile(r"^.*?\b(\d+) passed\b.* in [\d.]+s", re.MULTILINE)


def outcome(case):
    """passed, failed or skipped, in pytest's and in ctest's words."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def own_cases(printed):
    """A ctest test is a cmocka binary, or a pytest, which ran cases of its own: {name: outcome}."""
    found = {name: CMOCKA_WORDS[word] for word, name in CMOCKA_CASE.findall(printed)}
    summary = PYTEST_SUMMARY.search(printed)
    return found or {str(number): "passed" for number in range(int(summary.group(1)) if summary else 0)}


def cases(path):
    """Yields (outcome, name)."""
    for case in tree.parse(path).getroot().iter("testcase"):
        own = own_cases(case.findtext("system-out") or "")
        for name, result in own.items():
            yield result, f"{case.get('name')}.{name}"
        whole = outcome(case)
        if not own or (whole == "failed" and "failed" not in own.values()):
            yield whole, case.get("name")


def sum_up(folder):
    paths = sorted(Path(folder).glob("*.xml"))
    again = {(path.stem.removesuffix(AGAIN), name): result for path in paths if path.stem.endswith(AGAIN) for result, name in cases(path)}
    found = [(path.stem, *case) for path in paths if not path.stem.endswith(AGAIN) for case in cases(path)]
    for at, (part, result, name) in enumerate(found):
        if result == "failed" and again.get((part, name)) == "passed":
            print(f"passed when run again: {part}: {name}")
            found[at] = (part, "passed", name)
    count = {word: sum(1 for _, result, _ in found if result == word) for word in ("passed", "failed", "skipped")}
    for part, result, name in found:
        if result != "passed":
            print(f"{result}: {part}: {name}")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 0 if count["failed"] == 0 and count["passed"] > 0 else 1


def failed_ids(path):
    return [f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"
            for case in tree.parse(path).getroot().iter("testcase") if outcome(case) == "failed"]


if __name__ == "__main__":
    if sys.argv[1] == "--failed":
        print(*(f"{id}\0" for id in failed_ids(sys.argv[2])), sep="", end="")
    else:
        sys.exit(sum_up(sys.argv[1]))
