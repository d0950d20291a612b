# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of the messages: closed, so that every mutation of a valid message fails. test_messages.c holds the C
decoders against the same corpus. asyncapi.yaml names them on their topics."""
import copy
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["request", "task", "result", "dead-letter", "connection"]
SCHEMAS = {name: json.loads((ROOT / f"schemas/{name}.v1.schema.json").read_text()) for name in NAMES}
CORPUS = {name: json.loads((ROOT / f"tests/fixtures/messages/{name}.json").read_text()) for name in NAMES}
ASYNCAPI = yaml.safe_load((ROOT / "schemas/asyncapi.yaml").read_text())
BY_ID = {schema["$id"]: schema for schema in SCHEMAS.values()}


def validator(name):
    """For one message; references between the schemas go by their ids."""
    resolver = jsonschema.RefResolver.from_schema(SCHEMAS[name], store=BY_ID)
    return jsonschema.Draft202012Validator(SCHEMAS[name], resolver=resolver)


def parent_of(message, pointer):
    *path, last = pointer[1:].split("/")
    for part in path:
        message = message[int(part)] if isinstance(message, list) else message[part]
    return message, int(last) if isinstance(message, list) else last


def mutated(name, mutation):
    message = copy.deepcopy(CORPUS[name]["valid"][mutation["from"]])
    for pointer, value in mutation.get("set", {}).items():
        if pointer == "":
            return value
        parent, member = parent_of(message, pointer)
        parent[member] = value
    if "drop" in mutation:
        parent, member = parent_of(message, mutation["drop"])
        del parent[member]
    return message


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_sound_and_absolute(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == f"https://sync-fleet.dev/schemas/{name}/v1.json"


@pytest.mark.parametrize("name", NAMES)
def test_examples_and_valid_messages_pass(name):
    for message in SCHEMAS[name]["examples"] + CORPUS[name]["valid"]:
        validator(name).validate(message)


@pytest.mark.parametrize("name", NAMES)
def test_mutations_fail(name):
    judge = validator(name)
    wrong = [m["name"] for m in CORPUS[name]["mutations"]
             if judge.is_valid(mutated(name, m)) != (m["pointer"] is None)]
    assert wrong == []


@pytest.mark.parametrize("name", ["request", "task", "result"])
def test_corpus_mutates_every_field(name):
    """A field that is added to a schema needs its mutations."""
    touched = {(m["pointer"] or "").split("/")[1] for m in CORPUS[name]["mutations"] if m["pointer"]}
    assert set(SCHEMAS[name]["properties"]) <= touched
    dropped = {m["drop"][1:] for m in CORPUS[name]["mutations"] if "drop" in m and m["pointer"]}
    assert dropped == set(SCHEMAS[name]["required"])


@pytest.mark.parametrize("name", ["request", "task", "result"])
@pytest.mark.parametrize("value", [True, -1, 1.5, "\u0000", [None], {"x": 1}])
def test_every_field_refuses_nonsense(name, value):
    judge = validator(name)
    for field in SCHEMAS[name]["properties"]:
        if field == "error_message" and isinstance(value, str):
            continue
        for message in CORPUS[name]["valid"]:
            assert not judge.is_valid(dict(message, **{field: value})), (field, value)


# ---- AsyncAPI ----

def at(document, pointer):
    for part in pointer.split("/")[1:]:
        document = document[part]
    return document


def resolved(ref):
    """What a reference of asyncapi.yaml means."""
    file, _, pointer = ref.partition("#")
    return at(json.loads((ROOT / "schemas" / file).read_text()) if file else ASYNCAPI, pointer)


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def header_judge(name):
    """For the headers of one message, local references included."""
    schema = dict(ASYNCAPI["components"]["schemas"][name], components=ASYNCAPI["components"])
    return jsonschema.Draft202012Validator(schema)


def test_asyncapi_references_resolve():
    refs = set(references(ASYNCAPI))
    for ref in refs:
        assert resolved(ref) is not None, ref
    files = {ref.partition("#")[0].removeprefix("./") for ref in refs} - {""}
    assert files == {f"{name}.v1.schema.json" for name in NAMES}


def test_asyncapi_has_every_topic_and_uses_every_message():
    assert {channel["address"] for channel in ASYNCAPI["channels"].values()} == {
        "sync.requests", "sync.requests.dlq", "sync.tasks.{provider}", "sync.tasks.{provider}.dlq", "sync.results",
        "sync.connections"}
    used = {ref["$ref"].rsplit("/", 1)[1] for channel in ASYNCAPI["channels"].values()
            for ref in channel["messages"].values()}
    assert used == set(ASYNCAPI["components"]["messages"])
    for operation in ASYNCAPI["operations"].values():
        channel = resolved(operation["channel"]["$ref"])
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert message["$ref"].rsplit("/", 1)[1] in channel["messages"]


def test_asyncapi_examples_are_requests():
    for message in ("request", "requestEvent"):
        for example in ASYNCAPI["components"]["messages"][message]["examples"]:
            payload = example["payload"]
            validator("request").validate(payload.get("data", payload))
            header_judge("requestHeaders").validate(example.get("headers", {}))


@pytest.mark.parametrize("headers, good", [
    ({}, True),
    ({"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_type": "t"}, True),
    ({"ce_id": "1"}, False),
    ({"ce_specversion": "0.3", "ce_id": "1", "ce_source": "/x", "ce_type": "t"}, False),
    ({"ce_specversion": "1.0", "ce_id": "", "ce_source": "/x", "ce_type": "t"}, False),
    ({"traceparent": "00-x"}, False),
])
def test_request_headers(headers, good):
    assert header_judge("requestHeaders").is_valid(headers) == good


def test_task_headers_are_those_of_its_dead_letter():
    task = CORPUS["dead-letter"]["valid"][0]["headers"]
    header_judge("taskHeaders").validate(task)
    for name in ("ce_specversion", "ce_id", "ce_source", "ce_type"):
        assert not header_judge("taskHeaders").is_valid({k: v for k, v in task.items() if k != name})
