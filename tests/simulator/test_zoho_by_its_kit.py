# SPDX-License-Identifier: Apache-2.0
"""The simulated Zoho CRM's answers, held against what Zoho's own kit expects of each class (tests/specs/zoho)."""
import json
import re
from datetime import date, datetime
from pathlib import Path

import pytest

from test_simulated_zoho import ask, leads
from test_simulator import port, sim  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[2]
KIT = json.loads((ROOT / "tests" / "specs" / "zoho" / "json_details.subset.json").read_text())
PACKAGE = "zohocrmsdk.src.com.zoho.crm.api."
OPEN = {"record.Record"}  # has whatever fields its module has
MODULES = ["Leads", "Contacts", "Accounts", "Deals", "Tasks", "Events", "Calls", "Products", "Vendors", "Price_Books", "Quotes",
           "Sales_Orders", "Purchase_Orders", "Invoices", "Campaigns", "Cases", "Solutions", "Notes"]


def moment(value):
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


KINDS = {
    "String": lambda value: isinstance(value, str), "Boolean": lambda value: isinstance(value, bool),
    "Integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Long": lambda value: isinstance(value, str) and value.isdigit(), "Double": lambda value: isinstance(value, (int, float)),
    "DateTime": moment, "Date": lambda value: isinstance(value, str) and bool(date.fromisoformat(value)),
    "TimeZone": lambda value: isinstance(value, str), "List": lambda value: isinstance(value, list),
}


def faults(value, name, where):
    """What is not as the class wants it, with where it is."""
    classes = KIT[PACKAGE + name].get("classes")
    if classes:  # one of several
        found = [list(faults(value, one.removeprefix(PACKAGE), where)) for one in classes]
        yield from [] if [] in found else found[0]
        return
    members = {member["name"]: member for member in KIT[PACKAGE + name].values() if isinstance(member, dict) and "name" in member}
    for key, one in value.items():
        if key not in members:
            if name not in OPEN:
                yield f"{where}.{key} is none of {name}"
        elif one is not None:
            yield from fault_of(one, members[key], f"{where}.{key}")


def fault_of(one, member, where):
    kind = member["type"].rpartition(".")[2]
    if kind == "Choice":
        if "values" in member and one not in member["values"]:
            yield f"{where} is {one!r}, and not one of {member['values']}"
    elif kind in KINDS and not KINDS[kind](one):
        yield f"{where} is {one!r}, and no {kind}"
    element = member.get("sub_type", {}).get("type", "")
    nested = [one] if member["type"].startswith(PACKAGE) and kind not in ("Choice",) else one if element.startswith(PACKAGE) else []
    for at, part in enumerate(nested):
        structure = (element or member["type"]).removeprefix(PACKAGE)
        if isinstance(part, dict) and PACKAGE + structure in KIT:
            yield from faults(part, structure, f"{where}[{at}]")


@pytest.fixture
def org(sim):  # noqa: F811
    sim.account("z", records={module.lower(): 12 for module in MODULES + ["Projects"]}, removed={"leads": [1]})
    return sim


def holds(answer, name):
    assert list(faults(answer, name, name)) == []


@pytest.mark.parametrize("path,name,query", [
    ("settings/modules", "modules.ResponseWrapper", {}), ("settings/fields", "fields.ResponseWrapper", {"module": "Deals"}),
    ("settings/fields", "fields.ResponseWrapper", {"module": "Projects"}), ("org", "org.ResponseWrapper", {}),
    ("users", "users.ResponseWrapper", {"type": "CurrentUser"}), ("settings/profiles/3652397000000026011", "profiles.ResponseWrapper", {}),
    ("Leads/deleted", "record.DeletedRecordsWrapper", {})])
def test_what_is_told(org, path, name, query):
    holds(ask(org, path, **query), name)


@pytest.mark.parametrize("module", MODULES + ["Projects"])
def test_records_and_their_fields(org, module):
    fields = {field["api_name"]: field for field in ask(org, "settings/fields", module=module)["fields"]}
    page = ask(org, module, fields=",".join(fields), sort_by="id", sort_order="asc")
    holds(page, "record.ResponseWrapper")
    assert len(page["data"]) == (11 if module == "Leads" else 12) and len({record["id"] for record in page["data"]}) == len(page["data"])
    kinds = {"string": str, "integer": int, "double": (int, float), "boolean": bool, "jsonobject": dict, "jsonarray": list}
    for record in page["data"]:
        assert set(record) - {"id"} <= set(fields) and re.fullmatch(r"\d{19}", record["id"])
        for name, value in record.items():
            assert name == "id" or value is None or isinstance(value, kinds[fields[name]["json_type"]]), (module, name, value)


def test_made_fields_and_refusals(org):
    def make(status, *fields, module="Deals"):
        return ask(org, f"settings/fields?module={module}", status, body={"fields": list(fields)})
    made = make(201, {"field_label": "Pulse Score", "data_type": "integer"})
    holds(made, "fields.ActionWrapper")
    again = make(207, {"field_label": "Pulse Score", "data_type": "integer"}, {"field_label": "Other", "data_type": "text"})
    assert [field["code"] for field in again["fields"]] == ["DUPLICATE_DATA", "SUCCESS"]
    assert make(400, {"data_type": "text"})["fields"][0]["code"] == "MANDATORY_NOT_FOUND"
    assert make(400, {"field_label": "x", "data_type": "text"}, module="Nothing")["code"] == "INVALID_MODULE"
    names = [field["api_name"] for field in ask(org, "settings/fields", module="Deals")["fields"] if field["custom_field"]]
    assert names == ["Pulse_Score", "Other"]
    holds(leads(org, 400, per_page=999), "record.APIException")
    assert ask(org, "settings/profiles/1", 400)["code"] == "INVALID_DATA"


def test_a_module_that_the_user_may_not_see(org):
    org.account("z", zoho={"hidden": "cases"})
    assert ask(org, "Cases", 400, fields="Subject")["code"] == "INVALID_MODULE"
    (cases,) = [module for module in ask(org, "settings/modules")["modules"] if module["api_name"] == "Cases"]
    assert cases["viewable"] is False


def test_the_declaration_asks_for_what_the_kit_knows():
    known = {member["name"] for member in KIT[PACKAGE + "record.GetRecordsParam"].values() if isinstance(member, dict)}
    text = (ROOT / "common" / "providers" / "zoho.cfg").read_text().partition("resources = (")[2].partition("records = ")[0]
    asked = set(re.findall(r'\{ name = "(\w+)"; value', text))
    assert asked and asked <= known
