# SPDX-License-Identifier: Apache-2.0
"""What must be in a resource's table for the records that were served, worked out from the declaration's columns."""
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

OF_PARENT = "${parent"  # what the API tells of a record's parent, for columns of the path ${parent.<name>}
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def at(record, path):
    """The value at a dotted path, or None."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def as_text(value):
    return value if isinstance(value, str) else json.dumps(value)


def instant(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def as_timestamp(value, time):
    if time in ("epoch_s", "epoch_ms"):
        return EPOCH + timedelta(milliseconds=int(value) * (1000 if time == "epoch_s" else 1))
    return instant(value)


def expected(record, column):
    """What a column must hold for a record."""
    value = at(record, column["path"])
    if value is None or (value == "" and column["type"] != "text"):
        return None
    convert = {"text": as_text, "integer": int, "numeric": lambda v: Decimal(str(v)), "double": lambda v: Decimal(str(v)),
               "boolean": lambda v: v in (True, "true"), "timestamp": lambda v: as_timestamp(v, column["time"])}
    return convert.get(column["type"], lambda v: v)(value)


def stored(row, column):
    value = row[column["name"]]
    if value is None:
        return None
    convert = {"timestamp": instant, "numeric": lambda v: Decimal(str(v)), "double": lambda v: Decimal(str(v))}
    return convert.get(column["type"], lambda v: v)(value)


def identity(record, resource):
    return "/".join(as_text(at(record, path)) for path in resource["id"])


def plain(value):
    """A copy in which numbers compare by value, however they were read."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return float(value) if isinstance(value, Decimal) else value


def without(record, paths):
    """The record as it may be kept: what is declared as redacted is null."""
    copy = plain(record)
    for path in paths:
        blank(copy, path.split("."))
    return copy


def blank(value, path):
    """Makes null what is at the path; `*` is any element of a list."""
    name, *rest = path
    if isinstance(value, list) and name == "*":
        for element in value:
            blank(element, rest)
    elif isinstance(value, dict) and name in value and rest:
        blank(value[name], rest)
    elif isinstance(value, dict) and name in value:
        value[name] = None


def compare(resource, served, rows):
    """The first difference between the records served and the rows stored as (text, key to look at), or None."""
    by_id = {identity(record, resource): record for record in served}
    have = [row["id"] for row in rows]
    missing = [name for name in by_id if name not in set(have)]
    surplus = [name for name in have if name not in by_id]
    if missing or surplus or len(have) != len(by_id):
        lack = f", for one {missing[0]} is missing" if missing else f", {surplus[0]} is none of them" if surplus else ""
        return f"{len(have)} rows for {len(served)} records{lack}", "paging"
    for row in rows:
        record = without(by_id[row["id"]], resource["redact"])
        for column in resource["columns"]:
            if stored(row, column) != expected(record, column):
                served_as = json.dumps(at(record, column["path"]), default=str)
                return (f"column {column['name']} of {row['id']} is {row[column['name']]!r} for {served_as}", f"columns.{column['name']}")
        record.pop(OF_PARENT, None)
        if resource["payload"] and plain(row["payload"]) != record:
            return f"payload of {row['id']} is not the record that was served", "keep_payload"
    return None
