# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of the messages: closed, so that every mutation of a valid message fails. test_messages.c holds the C
decoders against the same corpus."""
import copy
import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["request", "task", "result", "dead-letter"]
SCHEMAS = {name: json.loads((ROOT / f"schemas/{name}.v1.schema.json").read_text()) for name in NAMES}
CORPUS = {name: json.loads((ROOT / f"tests/fixtures/messages/{name}.json").read_text()) for name in NAMES}
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
