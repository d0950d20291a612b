# SPDX-License-Identifier: Apache-2.0
"""What is tried with a declaration. Each case has an account of its own, so that all run at once."""
from dataclasses import dataclass, field
from typing import Callable

import limits
import truth
from bed import DoesNotHold

PAGE_SIZE = 50  # of the API when nobody asks for one
RETRY_AFTER = 1
SKEW_SECONDS = 30
LATE_SECONDS = 5
BEYOND_CAPS = ("by_key", "shrink_window")
WALK = "every record once, in its columns"
GOOD_TOKEN = "a token that is good is not refreshed"


@dataclass
class Case:
    """group: a resource's name, or None for the provider. key: where to look when it does not hold.

    needs: (group, check) of cases without which this one says nothing.
    """
    group: str
    check: str
    key: str
    run: Callable
    account: dict = field(default_factory=dict)
    life_s: int = None
    needs: tuple = ()
    provider: str = None
    accounts: int = 1
    name: str = None
    parents: int = 1
    pages_before: int = 0  # of the walks through its resource's parents

    def names(self):
        """Its accounts: the first one is `name`."""
        return [self.name, *(f"{self.name}-{number}" for number in range(1, self.accounts))]


class Scenarios:
    """Makes the cases of a plan. `bed` is where they run."""

    def __init__(self, bed):
        self.bed, self.plan, self.auth = bed, bed.plan, bed.plan["auth"]
        self.oauth = self.auth["kind"] == "oauth2"
        self.cases = []

    def all(self):
        for resource in self.bed.runnable():
            self._of_resource(resource)
        self._rules()
        if self.oauth and self.bed.runnable():
            self._tokens(self.bed.runnable()[0])
            self._token_rules(self.bed.runnable()[0])
        self.cases += limits.cases(self)
        for number, case in enumerate(self.cases):
            case.name = f"c{number}"
            case.provider = case.provider or self.plan["name"]
        return self.cases

    # --- making cases ---

    def _size(self, resource):
        return resource["size"] or PAGE_SIZE

    def _add(self, resource, check, key, run, records, group="", life_s=None, parents=1, **account):
        """A case with an account of `records` records. group None: it is about the provider."""
        where = key if group is None else f"resources.{resource['name']}.{key}"
        above = self.bed.ancestors(resource)
        counts = {**{each["name"]: parents for each in above}, resource["name"]: records}
        self.cases.append(Case(resource["name"] if group == "" else group, check, where, self._behind(above, run),
                               {"records": counts, "expires_in": self.auth["life_s"], **account},
                               self.auth["life_s"] if life_s is None and self.oauth else life_s,
                               ((resource["name"], WALK), *((each["name"], WALK) for each in above)), parents=parents))

    def _behind(self, above, run):
        """What a resource hangs on is there before anything is tried with it."""
        def behind(case):
            for resource in above:
                sync = self.bed.sync(case.name, resource)
                task = self.bed.wait(case.name, sync, self._calls(case.parents, resource, case))
                if task["state"] != "completed":
                    raise DoesNotHold(f"the walk of {resource['name']}, its parent, {task['state']}")
            case.pages_before = self.bed.simulator.state(case.name)["pages"]
            return run(case)
        return behind if above else run

    @staticmethod
    def _lists(resource, case):
        """How many lists a walk goes through: windows of parents."""
        return resource["windows"] * (case.parents if resource["parent"] or resource["parent_setting"] else 1)

    def _calls(self, records, resource, case):
        """More calls than any walk of so many records that comes to an end."""
        return 6 * (records // max(self._size(resource) // 3, 1) + 5 + self._lists(resource, case)) + 20 + case.pages_before

    def _walk(self, case, resource, records, nudge=False, mode="full"):
        """Syncs and returns the ended task."""
        sync = self.bed.sync(case.name, resource, mode)
        return self.bed.wait(case.name, sync, self._calls(records, resource, case), nudge)

    def _assert_all(self, case, resource, task):
        """The walk came to its end, and every record is stored once, with the right columns."""
        if task["state"] != "completed":
            by_rule = (task["error"]["message"] or "").startswith("HTTP 2")
            raise DoesNotHold(f"{task['state']}: {task['error']['class']}: {task['error']['message']}",
                              f"resources.{resource['name']}.verdicts, verdicts" if by_rule else None)
        difference = truth.compare(resource, self.bed.served(case.name, resource), self.bed.rows(case.name, resource))
        if difference:
            text, key = difference
            how = f"; paging by {resource['strategy']}, stop = {resource['stop']}" if key == "paging" else ""
            raise DoesNotHold(text + how, None if key == "paging" else f"resources.{resource['name']}.{key}")

    def _whole(self, resource, records, nudge=False):
        def run(case):
            task = self._walk(case, resource, records, nudge)
            self._assert_all(case, resource, task)
            return task
        return run

    def _fails(self, resource, records, *classes):
        def run(case):
            task = self._walk(case, resource, records, nudge=True)
            got = task["error"]["class"] or task["state"]
            if task["state"] != "failed" or got not in classes:
                message = f" ({task['error']['message']})" if task["error"]["message"] else ""
                raise DoesNotHold(f"{got} instead of {' or '.join(classes)}{message}")
            return task
        return run

    def _dialled(self, run, dial, **options):
        """The case with a dial turned first. A dial that no call met proves nothing."""
        def with_dial(case):
            self.bed.simulator.dial(case.name, dial, **options)
            result = run(case)
            if not any(entry["hits"] for entry in self.bed.simulator.state(case.name)["dials"]):
                raise DoesNotHold(f"the walk ended before {dial} could happen", None)
            return result
        return with_dial

    def _scripted(self, run, resource, **answer):
        def with_script(case):
            self.bed.script(case.name, answers=[{"resource": resource, **answer}])
            return run(case)
        return with_script

    # --- one resource ---

    def _of_resource(self, resource):
        self._paging(resource)
        if resource["strategy"] != "none":
            self._loops(resource)
        self._http(resource)
        if resource["incremental"]:
            self._incremental(resource)
        if resource["cap"]:
            self._cap(resource)
        if resource["deletion"] != "none":
            self._deletions(resource)

    def _paging(self, resource):
        size = self._size(resource)
        one_page = resource["strategy"] == "none"
        some = min(size, 20) if one_page else 2 * size + size // 2
        self._add(resource, WALK, "paging", self._economical(resource, some), some, parents=2)
        self._add(resource, "an account without records", "records", self._empty(resource), 0)
        self._add(resource, "a single record", "paging", self._whole(resource, 1), 1)
        if one_page:
            return
        self._add(resource, "a last page that is full", "paging.stop", self._whole(resource, 2 * size), 2 * size)
        self._add(resource, "pages shorter than asked for", "paging.stop", self._short_pages(resource, some), some)

    def _economical(self, resource, records):
        """A walk costs a call for each page, and one more at most to see the end."""
        def run(case):
            self._assert_all(case, resource, self._walk(case, resource, records))
            pages = self.bed.simulator.state(case.name)["pages"] - case.pages_before
            most = -(-records // self._size(resource)) + self._lists(resource, case)
            if pages > most:
                raise DoesNotHold(f"{pages} calls for {records} records: {most} are enough")
        return run

    def _empty(self, resource):
        """As the provider says it: by a rule of class empty, if there is one."""
        rule = next((rule for rule in self.plan["rules"] if rule["class"] == "empty" and
                     (rule["key"].startswith("verdicts") or rule["resource"] == resource["name"])), None)
        run = self._whole(resource, 0)
        if rule is None or rule["cursor_sent"]:
            return run
        return self._scripted(run, resource["name"], times=-1, status=rule["status"], body=rule["body"], headers=rule["headers"])

    def _short_pages(self, resource, records):
        def run(case):
            self.bed.script(case.name, page_max=max(self._size(resource) // 3, 1))
            self._assert_all(case, resource, self._walk(case, resource, records))
        return run

    def _loops(self, resource):
        size = self._size(resource)
        run = self._fails(resource, 3 * size, "stalled")
        self._add(resource, "a page that comes again is found", "paging.guard", self._dialled(run, "repeated_page", after=1, times=-1), 3 * size)
        self._add(resource, "a way on that leads back is found", "paging.guard",
                  self._dialled(run, "cursor_loop", after=1, times=-1, to=0), 3 * size)
        if resource["strategy"] in ("cursor", "link"):
            self._add(resource, "a cursor that does not move is found", "paging.next",
                      self._dialled(run, "cursor_loop", after=1, times=-1), 3 * size)

    def _free_status(self, resource):
        """A 4xx that no rule has a word about."""
        taken = {rule["status"] for rule in self.plan["rules"]} | {401, 408, 425, 429}
        return next(status for status in (404, 400, 422, 410, 418) if status not in taken)

    def _http(self, resource):
        size = self._size(resource)
        after = 0 if resource["strategy"] == "none" else 1
        records = 5 if resource["strategy"] == "none" else size + 5
        whole = self._whole(resource, records)
        self._add(resource, "429 with Retry-After is waited out", "verdicts",
                  self._dialled(self._patient(resource, whole), "throttle", after=after, retry_after=str(RETRY_AFTER)), records)
        self._add(resource, "429 without a word is tried again", "verdicts", self._dialled(whole, "throttle", after=after, times=2), records)
        self._add(resource, "5xx is tried again", "verdicts", self._dialled(whole, "server_error", after=after, times=2), records)
        self._add(resource, "a connection that breaks is tried again", "verdicts", self._dialled(whole, "cut", after=after), records)
        self._add(resource, "a body that is no JSON fails the task", "verdicts",
                  self._dialled(self._fails(resource, records, "permanent", "transient"), "html", after=after, times=-1), records)
        self._add(resource, "another 4xx fails the task", "verdicts",
                  self._dialled(self._fails(resource, records, "permanent"), "server_error", after=after, times=-1,
                                status=self._free_status(resource)), records)
        self._add(resource, "401 is answered by a refresh" if self.oauth else "401 fails the task", "verdicts",
                  self._dialled(self._refreshed(resource, records, 1) if self.oauth else self._fails(resource, records, "auth", "token"),
                                "unauthorized", after=after, times=1 if self.oauth else -1), records)
        self.cases[-1].needs += ((None, GOOD_TOKEN),) if self.oauth else ()

    def _patient(self, resource, run):
        def patient(case):
            run(case)
            log = self.bed.log(case.name)
            refused = next(number for number, entry in enumerate(log) if entry["status"] == 429)
            gap = (log[refused + 1]["ms"] - log[refused]["ms"]) / 1000
            if gap < RETRY_AFTER - 0.05:
                raise DoesNotHold(f"asked again after {gap:.2f} s instead of {RETRY_AFTER} s")
        return patient

    def _refreshes(self, case):
        return self.bed.simulator.state(case.name)["token"]["n"] - 1

    def _refreshed(self, resource, records, times):
        def run(case):
            self._assert_all(case, resource, self._walk(case, resource, records, nudge=True))
            if self._refreshes(case) != times:
                raise DoesNotHold(f"{self._refreshes(case)} refreshes instead of {times}")
        return run

    def _incremental(self, resource):
        size = self._size(resource)
        records = min(size, 20) if resource["strategy"] == "none" else 2 * size
        # The last window ends before now.
        late = {"clock_skew": -resource["holdback_s"] - LATE_SECONDS} if resource["windows"] > 1 else {}
        self._add(resource, "an incremental walk asks for what changed", "incremental", self._changes(resource, records), records, **late)
        skew = late or {"clock_skew": -min(SKEW_SECONDS, max(resource["overlap_s"] // 2, 5))}
        if resource["incremental"] == "walk_start":
            self._add(resource, "changes by a clock that is behind are found", "incremental.overlap_s",
                      self._changes(resource, records), records, **skew)

    def _changes(self, resource, records):
        def run(case):
            self._assert_all(case, resource, self._walk(case, resource, records, mode="incremental"))
            self.bed.simulator.account(case.name, version=2, changed_share=0.1)
            self.bed.simulator.account(case.name, records={resource["name"]: records + 3})
            task = self._walk(case, resource, records, mode="incremental")
            self._assert_all(case, resource, task)
            seen = sum(task["records"][name] for name in ("inserted", "updated", "unchanged"))
            if seen > records // 2 + 5:
                raise DoesNotHold(f"the second walk got {seen} of {records + 3} records, and {records // 10 + 3} had changed: "
                                  "it does not say since when", f"resources.{resource['name']}.params")
        return run

    def _cap(self, resource):
        size = self._size(resource)
        records = resource["cap_near"] + 2 * size
        run = self._whole(resource, records) if resource["cap_action"] in BEYOND_CAPS else self._fails(resource, records, "cap")
        what = "more records than paging shows: the rest" if resource["cap_action"] in BEYOND_CAPS else "more records than paging shows: said"
        self._add(resource, what, "paging.cap", run, records)

    def _deletions(self, resource):
        size = self._size(resource)
        records = min(size, 20) if resource["strategy"] == "none" else 2 * size
        walks = {"generation": ["full"], "two_generations": ["full", "full"], "feed": ["incremental"]}[resource["deletion"]]
        self._add(resource, "a record that is gone is deleted", "deletion", self._deleted(resource, records, walks), records)

    def _deleted(self, resource, records, walks):
        def run(case):
            self._assert_all(case, resource, self._walk(case, resource, records, mode="incremental" if resource["incremental"] else "full"))
            self.bed.simulator.account(case.name, removed={resource["name"]: [1]})
            deleted = [self._walk(case, resource, records, mode=mode)["records"]["deleted"] for mode in walks]
            if deleted[-1] != 1 or any(deleted[:-1]):
                raise DoesNotHold(f"one record was removed, and the walks after it deleted {', '.join(map(str, deleted))}")
            self._assert_all(case, resource, self._walk(case, resource, records, mode=walks[-1]))
        return run

    # --- verdict rules ---

    def _rules(self):
        by_name = {resource["name"]: resource for resource in self.bed.runnable()}
        for rule in self.plan["rules"]:
            resource = by_name.get(rule["resource"])
            if resource is None or rule["class"] == "ok":
                continue
            counts = resource["strategy"] == "none"
            records = 5 if counts else 2 * self._size(resource)
            run = self._scripted(self._verdict(rule, resource, records), resource["name"], after=0 if counts else 1, times=self._times(rule),
                                 status=rule["status"], body=rule["body"], headers=rule["headers"])
            own = rule["key"].startswith("resources.")
            self._add(resource, f"{rule['key'].rpartition('.')[2]}: {rule['status']} is {rule['class']}", "", run, records,
                      group="" if own else None)
            self.cases[-1].key = rule["key"]

    def _times(self, rule):
        return 1 if rule["class"] in ("transient", "throttled", "token", "cursor", "cap", "empty") else -1

    def _verdict(self, rule, resource, records):
        """What a walk has to do when it meets an answer that the rule decides."""
        kind = rule["class"]
        if kind in ("transient", "throttled"):
            return self._waited(rule, resource, records)
        if kind == "token":
            return self._refreshed(resource, records, 1) if self.oauth else self._fails(resource, records, "auth", "token")
        if kind == "cursor":
            return self._whole(resource, records)
        if kind == "cap":
            return self._whole(resource, records) if resource["cap_action"] in BEYOND_CAPS else self._fails(resource, records, "cap")
        if kind == "empty":
            return self._ended_early(resource, records)
        return self._fails(resource, records, kind)

    def _waited(self, rule, resource, records):
        def run(case):
            task = self._walk(case, resource, records, nudge=True)
            self._assert_all(case, resource, task)
            if rule["wait_s"] >= 10 and not task["waits"]:
                raise DoesNotHold(f"the walk went on at once instead of after {rule['wait_s']} s")
        return run

    def _ended_early(self, resource, records):
        def run(case):
            task = self._walk(case, resource, records)
            if task["state"] != "completed" or task["records"]["inserted"] != records // 2:
                raise DoesNotHold(f"{task['state']} with {task['records']['inserted']} records: it should end a walk in good order")
        return run

    # --- tokens ---

    def _tokens(self, resource):
        size, early, life = self._size(resource), self.auth["refresh_early_s"], self.auth["life_s"]
        one_page = resource["strategy"] == "none"
        records = 5 if one_page else 2 * size

        def add(check, key, run, **more):
            self._add(resource, check, key, run, records, group=None, **more)
            self.cases[-1].needs += ((None, GOOD_TOKEN),)
        add(GOOD_TOKEN, "auth.refresh_early_s", self._refreshed(resource, records, 0))
        add("a token that dies before its time costs one refresh", "auth", self._dialled(self._refreshed(resource, records, 1), "expire_token",
                                                                                        after=0 if one_page else 1))
        if not one_page:
            add("the second refresh uses the right refresh token", "auth.rotating",
                self._twice_expired(resource, records))
        if early > 5:
            add("a token that ends soon is refreshed first", "auth.refresh_early_s", self._early(resource, records), life_s=early - 5)
        add("a refused refresh asks the user to authorise again", "auth.verdicts", self._refused(resource, records))
        add("the token endpoint's 5xx is tried again", "auth.verdicts",
            self._token_trouble(resource, records, "server_error"))
        add("the token endpoint's 429 is waited out", "auth.verdicts",
            self._token_trouble(resource, records, "throttle", retry_after=str(RETRY_AFTER)))
        lost = self._fails(resource, records, "auth") if self.auth["rotating"] else self._whole(resource, records, nudge=True)
        add("a refresh whose answer is lost", "auth.rotating", self._dialled(self._dialled(lost, "expire_token"), "cut", resource="token"))

    def _twice_expired(self, resource, records):
        run = self._dialled(self._refreshed(resource, records, 2), "expire_token", after=0)
        return self._dialled(run, "expire_token", after=2)

    def _early(self, resource, records):
        def run(case):
            self._refreshed(resource, records, 1)(case)
            first = self.bed.log(case.name)[0]
            if first["method"] != "POST" or any(entry["status"] in (400, 401) for entry in self.bed.log(case.name)):
                raise DoesNotHold("the first call was made with the old token")
        return run

    def _refusal(self):
        """How the provider refuses a grant."""
        rule = next((rule for rule in self.plan["token_rules"] if rule["class"] == "auth"), None)
        return rule or {"status": 400, "body": '{"error":"invalid_grant"}', "headers": {}}

    def _refused(self, resource, records):
        refusal = self._refusal()

        def run(case):
            self._fails(resource, records, "auth")(case)
            state = self.bed.connection_state(case.name)
            if state != "reauthorize":
                raise DoesNotHold(f"the connection is {state} instead of reauthorize")
        scripted = self._scripted(run, "token", times=-1, **{key: refusal[key] for key in ("status", "body", "headers")})
        return self._dialled(scripted, "expire_token")

    def _token_trouble(self, resource, records, dial, **options):
        run = self._dialled(self._refreshed(resource, records, 1), dial, resource="token", **options)
        return self._dialled(run, "expire_token")

    def _token_rules(self, resource):
        records = 5
        for rule in self.plan["token_rules"]:
            if rule["class"] == "ok":
                continue
            passes = rule["class"] in ("transient", "throttled")
            good = self._refreshed(resource, records, 1) if passes else self._fails(resource, records, rule["class"])
            run = self._dialled(self._scripted(good, "token", times=self._times(rule),
                                               **{key: rule[key] for key in ("status", "body", "headers")}), "expire_token")
            self._add(resource, f"{rule['key']}: {rule['status']} is {rule['class']}", rule["key"], run, records, group=None)
            self.cases[-1].needs += ((None, GOOD_TOKEN),)
