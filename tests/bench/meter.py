# SPDX-License-Identifier: Apache-2.0
"""CPU time and memory of processes, from /proc."""
import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """(parent, own CPU seconds, CPU seconds of the children it has waited for), or None when there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    user, system, child_user, child_system = (int(field) / TICKS for field in fields[11:15])
    return int(fields[1]), user + system, child_user + child_system


def cpu_seconds(pid):
    found = _stat(pid)
    return found[1] if found else 0.0


def tree_cpu_seconds(root):
    """What a process, its children and its dead children have used: PostgreSQL's backends come and go."""
    parents = {int(path.name): found for path in Path("/proc").iterdir() if path.name.isdigit() and (found := _stat(path.name))}
    if root not in parents:
        return 0.0
    return sum(own for pid, (parent, own, _) in parents.items() if root in (pid, parent)) + parents[root][2]


def machine_busy_seconds():
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def peak_rss_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Meter:
    """CPU seconds of named groups between start() and stop(); "others" is roughly what the rest of the machine used.

    groups: name -> list of Process; a name that is in `trees` counts the process and all its children.
    """

    def __init__(self, groups, trees=()):
        self.groups, self.trees = groups, trees
        self.before, self.began = None, 0.0
        self.seconds = 0.0

    def start(self):
        self.before, self.began = self._read(), time.monotonic()
        return self

    def stop(self, **ended):
        """CPU seconds by name; `ended` are those of programs that came and went."""
        now, self.seconds = self._read(), time.monotonic() - self.began
        used = {name: now[name] - self.before[name] for name in now}
        busy = used.pop("machine")
        used.update(ended)
        return {**used, "others": max(0.0, busy - sum(used.values()))}

    def _read(self):
        read = {name: tree_cpu_seconds if name in self.trees else cpu_seconds for name in self.groups}
        used = {name: sum(read[name](process.pid) for process in group) for name, group in self.groups.items()}
        return {**used, "machine": machine_busy_seconds()}
