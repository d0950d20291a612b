# SPDX-License-Identifier: Apache-2.0
"""Requests for what is another's, made from the table of routes, and what must not come of them."""
import json
import re
import uuid
from dataclasses import dataclass, field

import yaml

from .ledger import ROOT

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Whose value is another's when it is an identifier; the others are the same for everybody.
FOREIGN = {"uuid", "ids", "own_tenant", "cursor"}
TEXTS = {"resource": "contacts"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# Rows that are a tenant's without saying so themselves.
THROUGH = {"sync_members": "sync_id in (select sync_id from syncs where tenant_id = %s)",
           "task_evidence": "task_id in (select task_id from sync_tasks where tenant_id = %s)",
           "schedule_ticks": "schedule_id in (select schedule_id from schedules where tenant_id = %s)",
           "resource_states": "connection_id in (select connection_id from connections where tenant_id = %s)"}


@dataclass
class Side:
    """A caller and what he owns, by the names that routes have for it. Where a name stands for several things, the route
    decides: "/v1/dead-records/replay ids"."""
    tenant: object
    ids: dict
    key: str = None

    def ask(self, request, headers=None):
        return self.tenant.api(request.method, request.path, request.body, headers, key=self.key)


@dataclass
class Request:
    method: str
    path: str
    body: object = None
    sent: list = field(default_factory=list)  # identifiers that are in it

    def __str__(self):
        return f"{self.method} {self.path}" + (f" {json.dumps(self.body)}" if self.body else "")


class Routes:
    def __init__(self, fleet):
        self.all = [json.loads(line) for line in fleet.programs.output("sync-producer", "--routes", settings=fleet.common).splitlines()]
        self.document = yaml.safe_load((ROOT / "schemas" / "openapi.yaml").read_text())

    def identifiers(self, route):
        return [param for param in route["params"] if param["type"] in FOREIGN and param["in"] in ("path", "query", "body")]

    def streams(self, route):
        return "text/event-stream" in str(self._operation(route)["responses"].get("200"))

    def request(self, route, ids, also=None, foreign=None):
        """A request with everything that the route requires, made of `ids`; of them `also` (a parameter) by `foreign`."""
        made = Request(route["method"], route["path"])
        query, body = [], {}
        for param in route["params"]:
            chosen = also is not None and param["name"] == also["name"] and param["in"] == also["in"]
            if not (param["required"] or chosen) or param["in"] in ("made", "header"):
                continue
            value = self._value(route, param, foreign if chosen else ids)
            made.sent += UUID.findall(json.dumps(value))
            if param["in"] == "path":
                made.path = made.path.replace("{%s}" % param["name"], str(value))
            elif param["in"] == "query":
                query.append(f"{param['name']}={value}")
            else:
                body[param["name"]] = value
        made.path += "?" + "&".join(query) if query else ""
        if route["method"] != "GET":
            made.body = body
        return made

    def _value(self, route, param, ids):
        kind, name = param["type"], param["name"]
        if kind in FOREIGN:
            value = ids.get(f"{route['path']} {name}") or ids.get("sync_id" if kind == "cursor" else name)
            if value is None:
                raise KeyError(f"{route['method']} {route['path']} takes {name}: say in test_tenants.py what that is")
            return [value] if kind == "ids" else value.replace("-", "") if kind == "cursor" else value
        plain = {"provider": lambda: "practicepanther", "enum": lambda: param["allowed"].split("|")[0],
                 "names": lambda: param["allowed"].split("|")[:1], "int": lambda: param["min"], "text": lambda: TEXTS.get(name, "x")}
        example = self._example(route).get(name)
        return example if example is not None and kind not in ("provider", "enum") and name not in TEXTS else plain[kind]()

    def _example(self, route):
        content = self._operation(route).get("requestBody", {}).get("content", {}).get("application/json", {})
        examples = [example["value"] for example in content.get("examples", {}).values()] + [content.get("example", {})]
        return examples[0] if isinstance(examples[0], dict) else {}


    def _operation(self, route):
        """As the document has it, with components of responses in their places."""
        operation = self.document["paths"][route["path"]][route["method"].lower()]
        named = self.document["components"]["responses"]
        responses = {status: named[response["$ref"].rsplit("/", 1)[1]] if "$ref" in response else response
                     for status, response in operation["responses"].items()}
        return {**operation, "responses": responses}


class Belongings:
    """Everything that a tenant has in the database, to find it in answers and to see that nobody has touched it."""

    def __init__(self, fleet, tenant_id):
        self.fleet, self.tenant_id = fleet, tenant_id
        own = fleet.sql("select c.table_name from information_schema.columns c join information_schema.tables t using "
                        "(table_schema, table_name) where c.table_schema = 'public' and c.column_name = 'tenant_id' "
                        "and t.table_type = 'BASE TABLE'")
        self.queries = {**{row["table_name"]: "tenant_id = %s" for row in own}, **THROUGH}

    def rows(self):
        """Of each table, the text of all its rows."""
        return {table: [row["text"] for row in self.fleet.sql(f"select x::text as text from {table} x where {where} order by 1",
                                                              self.tenant_id)] for table, where in self.queries.items()}

    def marks(self):
        """What must be in nobody else's answers: identifiers and names."""
        return set(UUID.findall(json.dumps(self.rows()))) | {row["external_id"] for row in self.fleet.sql(
            "select external_id from connections where tenant_id = %s", self.tenant_id)}


def told(answer):
    return json.dumps(answer.body) + json.dumps(answer.headers)


def without(answer, identifiers):
    """Status and body, with the identifiers that were sent made alike, and times: what two answers have in common."""
    text = TIME.sub("TIME", json.dumps(answer.body, sort_keys=True))
    for identifier in identifiers:
        text = text.replace(identifier, "ID").replace(identifier.replace("-", ""), "ID")
    return answer.status, text


def nobodys(ids):
    """The same names, of what does not exist."""
    return {name: str(uuid.uuid4()) for name in ids}
