# SPDX-License-Identifier: Apache-2.0
"""Limits: each is tried in a provider that has this one only, brought so near that a few calls come to it."""
from bed import DoesNotHold

PERIOD_MS = 1000
LATENCY_MS = 100  # so long is a call under way
LOG_MS = 2  # the log's times are cut to milliseconds
CROWD = 5


def cases(scenarios):
    """Cases of the plan's limits; scenarios is what makes them."""
    made = []
    # The calls for what a resource hangs on would count, too.
    by_name = {resource["name"]: resource for resource in scenarios.bed.runnable() if not resource["parent"]}
    for limit in scenarios.plan["limits"]:
        counted = [by_name[name] for name in limit["resources"] or by_name if name in by_name and by_name[name]["strategy"] != "none"]
        if counted:
            made.append(Limit(scenarios, limit, counted).case())
    return made


def most_in_a_period(arrivals):
    """The largest number of arrivals (milliseconds) in any sliding period."""
    return max(sum(0 <= other - first < PERIOD_MS - LOG_MS for other in arrivals) for first in arrivals)


def most_at_once(entries, limit):
    """The largest number of calls under way at once, of those that count together."""
    together = {}
    for entry in entries:
        name = (entry["account"] if limit["for_connection"] else None, entry["path"] if limit["for_operation"] else None)
        together.setdefault(name, []).append((entry["ms"] + LOG_MS, entry["ms"] + entry["took_ms"] - LOG_MS))
    return max(sum(begin <= first < end for begin, end in spans) for spans in together.values() for first, _ in spans)


class Limit:
    def __init__(self, scenarios, limit, resources):
        self.scenarios, self.bed, self.limit = scenarios, scenarios.bed, limit
        self.resource, self.resources = resources[0], resources

    def case(self):
        kind = self.limit["kind"]
        make = {"rate": self._rate, "quota": self._quota, "concurrency": self._concurrency}[kind]
        check, run, records, account = make()
        self.scenarios._add(self.resource, check, "limits", run, records, group=None)
        case = self.scenarios.cases.pop()
        case.account.update(account)
        case.key = f"limits[{self.limit['suffix']}]"
        case.provider = self.limit["provider"]
        case.accounts = CROWD if kind == "concurrency" else 1
        return case

    def _table(self):
        return {**self.resource, "table": f"{self.resource['table']}_l{self.limit['suffix']}"}

    def _rate(self):
        calls, burst = self.limit["calls"], self.limit["burst"]
        most = calls if burst <= calls else calls + burst
        records = (2 * calls + most) * self.scenarios._size(self.resource)

        def run(case):
            task = self.scenarios._walk(case, self._table(), records)
            self.scenarios._assert_all(case, self._table(), task)
            arrivals = [entry["ms"] for entry in self.bed.log(case.name) if entry["method"] != "POST" or self.resource["posts"]]
            seen = most_in_a_period(arrivals)
            if seen > most:
                raise DoesNotHold(f"{seen} calls in a second, and {most} are allowed")
        return f"the rate {self.limit['name']} is never passed", run, records, {}

    def _quota(self):
        calls = self.limit["calls"]
        records = 3 * calls * self.scenarios._size(self.resource)

        def run(case):
            sync = self.bed.sync(case.name, self.resource)
            task = self.bed.wait(case.name, sync, self.scenarios._calls(records, self.resource, case), give_up=True)
            pages = self.bed.simulator.state(case.name)["pages"]
            if task["state"] != "waiting" or self.limit["name"] not in (task["waits_for"] or ""):
                raise DoesNotHold(f"{task['state']} after {pages} calls, for {task['waits_for']}, instead of waiting for the quota")
            if pages > calls:
                raise DoesNotHold(f"{pages} calls, and {calls} were left")
        return f"the quota {self.limit['name']} is never passed", run, records, {}

    def _concurrency(self):
        calls = self.limit["calls"]
        records = 2 * self.scenarios._size(self.resource)
        account = {"latency_ms": LATENCY_MS, "records": {resource["name"]: 2 * self.scenarios._size(resource) for resource in self.resources}}

        def run(case):
            wanted = [(name, resource) for name in case.names() for resource in self.resources]
            syncs = [(name, resource, self.bed.sync(name, resource)) for name, resource in wanted]
            for name, resource, sync in syncs:
                task = self.bed.wait(name, sync, len(self.resources) * self.scenarios._calls(records, resource, case))
                if task["state"] != "completed":
                    raise DoesNotHold(f"{task['state']}: {task['error']['message']}")
            seen = most_at_once([entry for name in case.names() for entry in self.bed.log(name)], self.limit)
            if seen > calls:
                raise DoesNotHold(f"{seen} calls at once, and {calls} are allowed")
        return f"the limit {self.limit['name']} of calls at once is never passed", run, records, account
