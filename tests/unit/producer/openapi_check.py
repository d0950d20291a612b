#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds schemas/openapi.yaml against the route table: openapi_check.py OPENAPI ROUTES, ROUTES as routes_print writes it."""
import json
import sys

import yaml

METHODS = {"get", "post", "put", "patch", "delete"}
EMPTY = ("204", "302", "304")
SCHEMA_OF_TYPE = {
    "uuid": {"type": "string", "format": "uuid"},
    "own_tenant": {"type": "string", "format": "uuid"},
    "int": {"type": "integer"},
    "enum": {"type": "string"},
    "provider": {"type": "string"},
    "cursor": {"type": "string"},
    "text": {"type": "string"},
    "object": {"type": "object"},
    "secret": {"type": "string"},
    "traceparent": {"type": "string"},
    "event_id": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
    "day_or_time": {"type": "string"},
    "idempotency_key": {"type": "string"},
    "if_none_match": {"type": "string"},
    "prefer": {"type": "string"},
    "ids": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"type": "string", "format": "uuid"}},
    "names": {"type": "array", "minItems": 1, "uniqueItems": True},
    "resources": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
    "some_resources": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
    "bool": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 100}},
    "objects": {"type": "array", "items": {"type": "object"}},
}


class Check:
    def __init__(self, doc, routes):
        self.doc, self.routes, self.faults = doc, routes, []

    def fault(self, where, text):
        self.faults.append(f"{where}: {text}")

    def resolve(self, node):
        if isinstance(node, dict) and "$ref" in node:
            target = self.doc
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            return self.resolve(target)
        if isinstance(node, dict) and list(node.get("allOf", [])) and len(node["allOf"]) == 1:
            rest = {k: v for k, v in node.items() if k != "allOf"}
            return {**self.resolve(node["allOf"][0]), **rest}
        return node

    def param(self, where, want, schema, required):
        schema = self.resolve(schema)
        if required != want["required"]:
            self.fault(where, f"required is {required}, the table says {want['required']}")
        for key, value in SCHEMA_OF_TYPE[want["type"]].items():
            if schema.get(key) != value:
                self.fault(where, f"{key} is {schema.get(key)}, the table's {want['type']} means {value}")
        allowed = want["allowed"].split("|") if "allowed" in want else None
        one = self.resolve(schema["items"]) if want["type"] == "names" else schema
        if one.get("enum") != allowed:
            self.fault(where, f"enum is {one.get('enum')}, the table says {allowed}")
        default = schema.get("default")
        default = json.dumps(default) if isinstance(default, bool) else default and str(default)
        if default != want.get("default"):
            self.fault(where, f"default is {default}, the table says {want.get('default')}")
        bounds = (("min", "minItems"), ("max", "maxItems")) if want["type"] in ("texts", "objects") else (("min", "minimum"), ("max", "maximum"))
        for key, name in bounds:
            if schema.get(name) != want.get(key):
                self.fault(where, f"{name} is {schema.get(name)}, the table says {want.get(key)}")

    def same_names(self, where, kind, documented, wanted):
        for name in sorted(set(documented) ^ set(wanted)):
            self.fault(where, f"{kind} {name} is only in the {'document' if name in documented else 'table'}")
        return sorted(set(documented) & set(wanted))

    def operation(self, where, op, route):
        params = [self.resolve(p) for p in op.get("parameters", [])]
        for place in ("path", "query", "header"):
            documented = {p["name"]: p for p in params if p["in"] == place}
            wanted = {p["name"]: p for p in route["params"] if p["in"] == place}
            for name in self.same_names(where, place + " parameter", documented, wanted):
                p = documented[name]
                self.param(f"{where} {name}", wanted[name], p["schema"], p.get("required", False))
        self.body(where, op, {p["name"]: p for p in route["params"] if p["in"] == "body"})
        if op.get("x-right") != route["needs"] or (op.get("security", self.doc["security"]) == []) != (not route["needs"]):
            self.fault(where, f"the table's right is {route['needs']}, the document's {op.get('x-right')}")
        self.responses(where, op, route)

    def body(self, where, op, wanted):
        if "requestBody" not in op:
            self.same_names(where, "body member", {}, wanted)
            return
        schema = self.resolve(op["requestBody"]["content"]["application/json"]["schema"])
        if schema.get("additionalProperties") is not False:
            self.fault(where, "the body is not closed")
        if op["requestBody"].get("required", False) != any(member["required"] for member in wanted.values()):
            self.fault(where, "a body is required when a member of it is, and only then")
        for name in self.same_names(where, "body member", schema["properties"], wanted):
            self.param(f"{where} #/{name}", wanted[name], schema["properties"][name], name in schema["required"])

    def responses(self, where, op, route):
        wanted = {"503", "422"}
        if route["needs"]:
            wanted |= {"401", "403", "429"}
        if route["effect"] != "handler":
            wanted |= {"500"}
        if route["effect"] == "write":
            wanted |= {"400", "413", "415"}
        if any(p["in"] == "path" for p in route["params"]):
            wanted |= {"404"}
        types = {p["type"] for p in route["params"]}
        if "idempotency_key" in types:
            wanted |= {"409"}
        if "if_none_match" in types:
            wanted |= {"304"}
        refusals = ["application/problem+json"]
        if route["errors"] != "problem":  # in the words of its system, where a wrong request may be a 400
            wanted -= {"422"}
            refusals = ["application/json", "application/problem+json"]
        for status in sorted(wanted - set(op["responses"])):
            self.fault(where, f"response {status} is missing")
        for status, response in op["responses"].items():
            kinds = refusals if status >= "400" else [] if status in EMPTY else ["application/json"]
            if status == "200" and route["path"].startswith("/v1/") and route["path"].endswith("/events"):
                kinds = ["text/event-stream"]
            if list(self.resolve(response).get("content", [])) != kinds:
                self.fault(where, f"response {status} is not {kinds}")

    def run(self):
        wanted = {(r["method"], r["path"]): r for r in self.routes}
        documented = {(m.upper(), path): op for path, item in self.doc["paths"].items()
                      for m, op in item.items() if m in METHODS}
        for key in self.same_names("paths", "route", documented, wanted):
            self.operation(" ".join(key), documented[key], wanted[key])
        self.references(self.doc)
        return self.faults

    def references(self, node):
        if isinstance(node, dict) and "$ref" in node:
            try:
                self.resolve(node)
            except KeyError as missing:
                self.fault(node["$ref"], f"leads nowhere at {missing}")
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
            self.references(child)


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        doc = yaml.safe_load(f)
    with open(sys.argv[2], encoding="utf-8") as f:
        routes = [json.loads(line) for line in f]
    faults = Check(doc, routes).run()
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
