# SPDX-License-Identifier: Apache-2.0
"""What Schemathesis loads: identifiers that exist, so that most requests come further than to a 404, and addresses of nobody. Only
what is valid is replaced, by other valid values, or what should be refused would not be."""
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


def replaced(method, name, value):
    if isinstance(value, str) and URL.match(value):
        return NOWHERE
    if value == OWN_KEY:
        return NOBODYS
    known = KNOWN.get(f"{method} {name}") or KNOWN.get(name)
    if not known or not isinstance(value, type(known[0])) or name.endswith("_id") and not UUID.fullmatch(value):
        return value
    dice = zlib.crc32(repr(value).encode())  # the same value is always replaced by the same one
    return value if dice % 8 == 0 else known[dice // 8 % len(known)]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Also what no strategy made, but the document's examples and the tool's own corner cases."""
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict):
            values.update({name: replaced(case.method, name, value) for name, value in values.items()})
