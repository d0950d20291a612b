# SPDX-License-Identifier: Apache-2.0
"""The table of what holds: a line for each check, a column for each resource, and below what to look at."""
import sys
from dataclasses import dataclass

TERMINAL = sys.stdout.isatty()
COLUMNS = 6


@dataclass
class Row:
    """resource None: of the provider. key: where to look in the declaration. holds None: another row has to hold first."""
    resource: str
    check: str
    holds: bool
    detail: str
    key: str


def document(plan, rows):
    return {"provider": plan["name"], "holds": all(row.holds for row in rows), "rows": [vars(row) for row in rows]}


def colour(text, code):
    return f"\033[{code}m{text}\033[0m" if TERMINAL else text


def mark(rows, width):
    """What a cell says: nothing where there was nothing to check."""
    if not rows:
        return " " * width
    if any(row.holds is False for row in rows):
        return colour(f"{'NO':<{width}}", "31;1")
    return colour(f"{'yes':<{width}}", "32") if all(row.holds for row in rows) else f"{'?':<{width}}"


def section(title, rows, columns):
    """Checks in the order in which they came, a column for each of `columns`."""
    checks = list(dict.fromkeys(row.check for row in rows))
    if not checks:
        return
    longest = max(len(check) for check in checks)
    widths = [max(len(name), 3) + 2 for name, _ in columns]
    print(f"\n{colour(title, '1'):<{longest + 2}}" if not columns[0][0] else
          f"\n{title:<{longest}}  " + "".join(f"{name:<{width}}" for (name, _), width in zip(columns, widths)))
    for check in checks:
        cells = [mark([row for row in rows if row.check == check and row.resource == resource], width)
                 for (_, resource), width in zip(columns, widths)]
        print(f"{check:<{longest}}  " + "".join(cells).rstrip())


def show(plan, rows, file, seconds):
    names = [resource["name"] for resource in plan["resources"]]
    for first in range(0, len(names), COLUMNS):
        some = names[first:first + COLUMNS]
        section(plan["title"], [row for row in rows if row.resource in some], [(name, name) for name in some])
    section("the provider", [row for row in rows if row.resource is None], [("", None)])
    bad = [row for row in rows if row.holds is False]
    open_rows = sum(row.holds is None for row in rows)
    if bad:
        print()
    for row in bad:
        print(f"{colour('NO', '31;1')}  {row.resource or plan['name']}: {row.check}\n    {row.detail}\n    look at {file}: {row.key}")
    for row in rows:
        if row.check == "left out":
            print(f"{row.resource}: {row.detail}")
    rest = f", {open_rows} (?) could not be told because of them" if open_rows else ""
    verdict = f"{len(bad)} of {len(rows)} do not hold{rest}" if bad else f"all {len(rows)} hold"
    print(f"\n{colour(verdict, '31;1' if bad else '32;1')}  ({seconds:.0f} s)")
