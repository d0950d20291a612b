# SPDX-License-Identifier: Apache-2.0
"""A fleet with one shipped provider, served by an API made from its declaration: for what has to hold for every declaration."""
import sys

from .fleet import PROVIDERS
from .ledger import ROOT
from .letters import declarations
from .setup import ProviderSimulator, http_json

sys.path.insert(0, str(ROOT / "tests" / "conform"))

import truth  # noqa: E402 (the path above comes first)
from bed import is_run, read_plan  # noqa: E402

SHIPPED = sorted(path.stem for path in PROVIDERS.glob("*.cfg"))
PAGE, RECORDS, PARENTS = 5, 13, 2  # every list has three pages


class Declared:
    def __init__(self, fleet, name, folder):
        self.fleet, self.name = fleet, name
        runnable = folder / "runnable"
        runnable.mkdir()
        self.plan = read_plan(fleet.programs, PROVIDERS / f"{name}.cfg", runnable)
        self.resources = [each for each in self.plan["resources"] if is_run(each)]
        others = declarations(folder / "providers")
        reduced = runnable / f"{name}.cfg"
        (others / f"{name}.cfg").write_text(reduced.read_text())
        self.folder = others
        self.simulator = ProviderSimulator(fleet.programs, "--declaration", reduced)
        fleet.processes.append(self.simulator.process)

    def start(self, producer, worker, env=None):
        fleet = self.fleet
        if fleet.producer is None:
            fleet.start_producer(providers__dir=self.folder, **producer)
        return fleet.start_worker(env=env, providers__dir=self.folder, providers__origins=f"{self.name}={self.simulator.url}", **worker)

    def connect(self, accounts):
        """Accounts with records of every resource: connection ids by account."""
        lists = {each["parent_setting"] for each in self.plan["resources"]} - {None}
        parents = {each["parent"] for each in self.resources}
        records = {each["name"]: PARENTS if each["name"] in parents else RECORDS for each in self.resources}
        settings = {**{name: f"conform-{name}" for name in self.plan["settings"]},
                    **{name: [f"conform-{number}" for number in range(PARENTS)] for name in lists}}
        for account in accounts:
            self.simulator.account(account, records=records, expires_in=self.plan["auth"]["life_s"])
            http_json("POST", f"{self.simulator.url}/control/accounts/{account}/script", {"page_max": PAGE, "parents": PARENTS})
        made = self.fleet.ctl.connections([{"tenant": self.fleet.tenant.name, "provider": self.name, "external_id": account,
                                            "settings": settings, **self.simulator.secret(account)} for account in accounts])
        return dict(zip(accounts, made))

    def with_parents(self, resources):
        """These and what they hang on: asked for together, the parents come first."""
        by_name = {each["name"]: each for each in self.resources}
        found = {}
        for each in resources:
            while each:
                found[each["name"]] = each
                each = by_name.get(each["parent"])
        return list(found.values())

    def sync(self, connection, resources):
        answer = self.fleet.api("POST", "/v1/syncs", {"provider": self.name, "connection_id": connection, "mode": "full",
                                                      "resources": [each["name"] for each in resources]})
        assert answer.status == 202, answer
        return answer.body["sync_id"]

    def difference(self, account, connection, resource):
        """Between what was served and what is stored, or None."""
        rows = self.fleet.sql(f"select to_jsonb(t) as row from {resource['table']} t where connection_id = %s and deleted_at is null "
                              "order by id", connection)
        return truth.compare(resource, self.simulator.rows(account, resource["name"]), [each["row"] for each in rows])
