# SPDX-License-Identifier: Apache-2.0
"""What Schemathesis loads: identifiers that exist, so that a part of the requests comes further than to a 404. Only what is valid
is replaced, by other valid values, or what should be refused would not be."""
import json
import os
import re
import zlib

import schemathesis

KNOWN = json.loads(os.environ["FUZZ_KNOWN"])
OWN_KEY = os.environ["FUZZ_OWN_KEY"]  # who revokes it tests no more
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
URL = re.compile(r"https?://.+")
NOWHERE = "https://fuzz.invalid/"  # RFC 6761: no name server knows it
NOBODYS = "0190aaaa-0000-7000-8000-00000000ffff"


def replaced(name, value):
    if value == OWN_KEY:
        return NOBODYS
    known = KNOWN.get(name)
    if not known or not isinstance(value, type(known[0])) or name.endswith("_id") and not UUID.fullmatch(value):
        return value
    dice = zlib.crc32(repr(value).encode())  # the same value is always replaced by the same one
    return value if dice % 4 == 0 else known[dice // 4 % len(known)]


def all_replaced(values):
    return {name: replaced(name, value) for name, value in values.items()} if isinstance(values, dict) else values


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return all_replaced(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return all_replaced(query)


@schemathesis.hook
def map_body(context, body):
    return all_replaced(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Examples, too, would have us call strangers."""
    for name, value in case.body.items() if isinstance(case.body, dict) else ():
        if isinstance(value, str) and URL.match(value):
            case.body[name] = NOWHERE
