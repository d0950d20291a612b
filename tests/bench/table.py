# SPDX-License-Identifier: Apache-2.0
"""Markdown tables and the numbers in them."""


def number(value, digits=None):
    """Three significant digits with thousands separated, or so many decimals; "" for None."""
    if value is None:
        return ""
    if digits is None:
        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def show(title, heads, rows, notes=()):
    """Prints one table; the first column is text, the others are numbers or texts."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(heads) + " |")
    print("| --- |" + " ---: |" * (len(heads) - 1))
    for row in rows:
        print("| " + " | ".join(cell if isinstance(cell, str) else number(cell) for cell in row) + " |")
    for note in notes:
        print(f"\n{note}")
    print(flush=True)
