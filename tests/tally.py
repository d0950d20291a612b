# SPDX-License-Identifier: Apache-2.0
"""Adds up the JUnit files of one test run.

tally.py sum FOLDER                         prints the failures and, last, "N passed, N failed"; exit code 1 if any failed
tally.py write FILE NAME passed|failed      a JUnit file of one test, for runners that cannot write one
"""
import re
import sys
import xml.etree.ElementTree as tree
from pathlib import Path
from xml.sax.saxutils import quoteattr

CMOCKA_CASE = re.compile(r"^\[\s*(OK|FAILED|SKIPPED)\s*\] (\w+)$", re.MULTILINE)


def outcome(case):
    """passed, failed or skipped, in pytest's and in ctest's words."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def cases(path):
    """Yields (outcome, name). One ctest test is a cmocka binary, whose own cases are what counts."""
    for case in tree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        own = dict((inner, word) for word, inner in CMOCKA_CASE.findall(case.findtext("system-out") or ""))
        for inner, word in own.items():
            yield {"OK": "passed", "FAILED": "failed", "SKIPPED": "skipped"}[word], f"{name}.{inner}"
        whole = outcome(case)
        if not own or (whole == "failed" and "FAILED" not in own.values()):
            yield whole, name


def sum_up(folder):
    found = [(path.stem, *case) for path in sorted(Path(folder).glob("*.xml")) for case in cases(path)]
    count = {word: sum(1 for _, result, _ in found if result == word) for word in ("passed", "failed", "skipped")}
    for part, result, name in found:
        if result != "passed":
            print(f"{result}: {part}: {name}")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['passed']} passed, {count['failed']} failed{skipped}")
    return 0 if count["failed"] == 0 and count["passed"] > 0 else 1


def write(path, name, result):
    failure = "<failure/>" if result == "failed" else ""
    Path(path).write_text(f"<testsuite><testcase classname={quoteattr('fuzz')} name={quoteattr(name)}>{failure}</testcase></testsuite>")
    return 0


if __name__ == "__main__":
    sys.exit({"sum": sum_up, "write": write}[sys.argv[1]](*sys.argv[2:]))
