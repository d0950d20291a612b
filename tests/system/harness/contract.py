# SPDX-License-Identifier: Apache-2.0
"""Real messages held against asyncapi.yaml: their channel, key, headers and value."""
import json
import re

import jsonschema
import yaml

from .ledger import ROOT

BASE = "https://sync-fleet.dev/contract/"
DOCUMENT = yaml.safe_load((ROOT / "schemas" / "asyncapi.yaml").read_text())


class Contract:
    """What the document says of topics; `seen` are the channels that messages were held against so far."""

    def __init__(self, document=DOCUMENT):
        schemas = [(path.name, json.loads(path.read_text())) for path in (ROOT / "schemas").glob("*.schema.json")]
        store = {**{BASE + name: schema for name, schema in schemas}, **{schema["$id"]: schema for _, schema in schemas}}
        self.document, self.seen = document, set()
        self.resolver = jsonschema.RefResolver(BASE + "asyncapi.yaml", document, store=store)
        self.channels = [(re.compile(re.sub(r"\\{\w+\\}", "[a-z0-9_]+", re.escape(channel["address"]))), name, channel)
                         for name, channel in document["channels"].items()]

    def faults(self, topic, message):
        """What is wrong with a message of a topic (its name without the test's prefix); [] when nothing is."""
        name, channel = next(((name, channel) for pattern, name, channel in self.channels if pattern.fullmatch(topic)), (None, None))
        if channel is None:
            return [f"no channel is called {topic}"]
        self.seen.add(name)
        found = {kind: self._faults_as(self._follow(ref), message) for kind, ref in channel["messages"].items()}
        return [] if any(not faults for faults in found.values()) else [f"{topic} {kind}: {fault}" for kind, faults in found.items()
                                                                        for fault in faults]

    def _faults_as(self, described, message):
        value = message.value
        try:
            value = json.loads(value)
        except (TypeError, ValueError):
            pass  # then whatever the schema says of text that is no JSON
        return [f"{part}: {error.message}" for part, schema, it in (
            ("key", described.get("bindings", {}).get("kafka", {}).get("key"), message.key),
            ("headers", described.get("headers"), message.headers), ("value", described.get("payload"), value))
            if schema for error in self._judge(schema).iter_errors(it)]

    def _judge(self, schema):
        schema = self._follow(schema)
        return jsonschema.Draft202012Validator(schema.get("schema", schema), resolver=self.resolver,
                                               format_checker=jsonschema.draft202012_format_checker)

    def _follow(self, node):
        while "$ref" in node:
            _, node = self.resolver.resolve(node["$ref"])
        return node


def assert_as_described(fleet, contract):
    """Every message on every topic of the fleet, each of which the document must know; but for requests that were refused."""
    prefix = fleet.topics.prefix
    ours = [name.removeprefix(prefix) for name in fleet.topics.admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    refused = {tuple(int(message.headers[f"__connect.errors.{name}"]) for name in ("partition", "offset"))
               for message in fleet.messages("sync.requests.dlq")}
    faults = [fault for topic in ours for message in fleet.messages(topic)
              if (topic, (message.partition, message.offset)) not in {("sync.requests", place) for place in refused}
              for fault in contract.faults(topic, message)]
    assert not faults, "\n".join(faults[:20])
