# SPDX-License-Identifier: Apache-2.0
"""Messages as documents, held against schemas/*.v1.schema.json, and the declarations that a test changes."""
import json
import shutil

import jsonschema

from .ledger import ROOT

PROVIDERS = ROOT / "common" / "providers"
SCHEMAS = {name: json.loads((ROOT / "schemas" / f"{name}.v1.schema.json").read_text())
           for name in ("request", "task", "result", "dead-letter")}


def shipped_providers():
    """Names, in order."""
    return sorted(path.stem for path in PROVIDERS.glob("*.cfg"))


def validate(name, document):
    """Raises with the reason when a message is not what its schema says."""
    schema = SCHEMAS[name]
    resolver = jsonschema.RefResolver.from_schema(schema, store={each["$id"]: each for each in SCHEMAS.values()})
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(document)


def dead_letters(fleet, provider="practicepanther"):
    """The tasks' dead letters so far by task, each held against its schema; one per task, however often it was sent."""
    found = {}
    for message in fleet.messages(f"sync.tasks.{provider}.dlq"):
        value = json.loads(message.value)
        validate("dead-letter", {"value": value, "headers": message.headers})
        assert message.key == f"{provider}:{value['connection_id']}"
        assert message.headers["__connect.errors.task.id"] == value["task_id"]
        assert message.headers["content-type"] == "application/json"
        found[value["task_id"]] = message
    return found


def assert_dead_letter(fleet, task, attempts=1):
    """The failed task has one dead letter, which says what its row says. Returns its headers."""
    letters = fleet.wait_until(lambda: dead_letters(fleet, task["provider"]), what="the dead letter")
    headers = letters[task["task_id"]].headers
    assert headers["__connect.errors.exception.class.name"] == task["error_class"]
    assert headers["__connect.errors.exception.message"] == task["error_message"]
    assert headers["__connect.errors.topic"] == f"sync.tasks.{task['provider']}"
    assert headers["x-dlq-attempts"] == str(attempts)
    assert headers["x-dlq-retryable"] == str(task["error_class"] == "transient").lower()
    return headers


def declarations(folder, change=lambda name, text: text, further=()):
    """A folder with the project's declarations, each changed by change(name, text), and with further files."""
    folder.mkdir()
    for path in sorted(PROVIDERS.glob("*.cfg")):
        (folder / path.name).write_text(change(path.stem, path.read_text()))
    for path in further:
        shutil.copy(path, folder)
    return folder
