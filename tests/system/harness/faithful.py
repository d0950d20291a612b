# SPDX-License-Identifier: Apache-2.0
"""What must be true of every sync, whatever was killed, lost or repeated on the way."""
import json
import threading
from collections import Counter

from .fleet import FINAL, table_of
from .process import wait_until

COUNTERS = ("records_inserted", "records_updated", "records_unchanged", "records_quarantined")


def assert_faithful(fleet, syncs, timeout=60):
    """Waits for the syncs' ends and holds tasks, rows, counters and events against what the simulator served.

    The accounts' data must not change while it syncs. Returns the distinct result events.
    """
    for sync in syncs:
        fleet.wait_for_sync(sync, timeout)
    events = fleet.wait_for_events(syncs, timeout)
    tasks = fleet.tasks(*syncs)
    assert_tasks_ended_once(fleet, syncs, tasks)
    assert_one_event_each(syncs, tasks, events)
    for task in tasks:
        if task["state"] == "completed":
            assert_rows(fleet, task)
    return events


def assert_tasks_ended_once(fleet, syncs, tasks):
    for task in tasks:
        assert task["state"] in FINAL and task["ended_at"] is not None, task
        assert task["owner"] is None and task["due_at"] is None, task
    members = fleet.sql("select sync_id, count(*) as n from sync_members where sync_id = any(%s::uuid[]) group by sync_id", syncs)
    assert len(members) == len(set(syncs)) and all(row["n"] > 0 for row in members), members
    for sync in fleet.sql("select * from syncs where sync_id = any(%s::uuid[])", syncs):
        assert sync["open_tasks"] == 0 and sync["state"] in FINAL, sync


def assert_one_event_each(syncs, tasks, events):
    """After dropping repeated ids there is exactly one event for each task and each sync, and it says what the row says."""
    by_task = Counter(event["task_id"] for event in events if event["task_id"])
    by_sync = Counter(event["sync_id"] for event in events if event["sync_id"])
    assert {sync: by_sync[sync] for sync in syncs} == {sync: 1 for sync in syncs}
    assert {task["task_id"]: by_task[task["task_id"]] for task in tasks} == {task["task_id"]: 1 for task in tasks}
    said = {event["task_id"]: event for event in events if event["task_id"]}
    for task in tasks:
        event = said[task["task_id"]]
        assert event["event_type"] == f"task.{task['state']}", (event, task)
        for name in ("connection_id", "provider", "resource", "mode", "state", "error_class", *COUNTERS, "records_deleted"):
            assert event[name] == task[name], (name, event, task)


def assert_rows(fleet, task):
    """The resource's rows are the simulator's records; a full walk's counters add up to them."""
    account = fleet.value("select external_id from connections where connection_id = %s", task["connection_id"])
    served = fleet.simulator.rows(account, task["resource"], task["provider"])
    stored = fleet.rows(task["connection_id"], task["provider"], task["resource"])
    whole = not stored or "payload" in stored[0]  # else the declaration keeps no payload, and ids have to do
    have = Counter(canonical(row["payload"]) if whole else row["id"] for row in stored)
    have += Counter(canonical(record) if whole else record["id"] for record in quarantined(fleet, task))
    want = Counter(canonical(kept(task["provider"], record)) if whole else record["id"] for record in served)
    assert have == want, f"{task['provider']} {task['resource']}: missing {brief(want - have)}, too many {brief(have - want)}"
    seen = sum(task[counter] for counter in COUNTERS)
    if task["mode"] == "full":
        assert seen == len(served), f"counters say {seen} of {len(served)} records: {task}"
    else:
        assert seen <= len(served), f"counters say {seen} of {len(served)} records: {task}"


def quarantined(fleet, task):
    rows = fleet.sql("select convert_from(raw, 'UTF8') as raw from dead_records where task_id = %s", task["task_id"])
    return [json.loads(row["raw"]) for row in rows]


def kept(provider, record):
    """What may be stored of a record."""
    if provider != "highlevel":
        return record
    actions = [{**action, "actionParameters": {**action.get("actionParameters", {}), "apiDetails": None}}
               if "apiDetails" in action.get("actionParameters", {}) else action for action in record["executedCallActions"]]
    return {**record, "executedCallActions": actions}


def canonical(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def brief(counter):
    return f"{sum(counter.values())} {[text[:120] for text in list(counter)[:3]]}"


class ResultWatch:
    """A consumer of results that looks at the tables the moment it reads an event, as analytics would.

    with ResultWatch(fleet) as watch: ...   and then watch.early is empty: no event was read before its rows could be.
    """

    def __init__(self, fleet):
        self.fleet, self.early, self.failure = fleet, [], None
        self.seen = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        wait_until(lambda: self.seen >= len(self.fleet.results(distinct=False)) or self.failure, 20, "the watch to catch up")
        self.ended.set()
        self.thread.join(20)
        if self.failure:
            raise self.failure

    def _run(self):
        topics, session = self.fleet.topics.another(), self.fleet.another_session()
        try:
            while not self.ended.is_set():
                messages = topics.read("sync.results")
                for message in messages[self.seen:]:
                    self._look(session, json.loads(message.value))
                    self.seen += 1
                self.ended.wait(0.02)
        except Exception as failure:  # handed to the test's thread
            self.failure = failure
        finally:
            topics.close()
            session.close()

    def _look(self, session, event):
        if event["event_type"] != "task.completed":
            return
        with session.cursor() as cursor:
            cursor.execute(f"select count(*) from {table_of(event['provider'], event['resource'])} where connection_id = %s",
                           [event["connection_id"]])
            (rows,) = cursor.fetchone().values()
        if rows < event["records_inserted"] + event["records_updated"]:
            self.early.append((rows, event))
