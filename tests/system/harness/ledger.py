# SPDX-License-Identifier: Apache-2.0
"""What a run left on this machine: its processes (pid and start time) and its folders, written down as they come to be.

A run that is killed cannot clean up after itself; the next one reads its file and does. A pid alone is not enough for that:
it may belong to somebody else by then, so a process is only ever ended when its start time is the recorded one.
"""
import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RUNS = ROOT / ".fleet" / "runs"
FOLDER_PREFIX = f"sync-fleet-{os.getuid()}-"


def start_time(pid):
    """Clock ticks since boot at which the process started, or None when there is no such process (a zombie is none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def end_process(pid, started, polite=signal.SIGTERM, grace=5.0):
    """The polite signal, then SIGKILL after `grace` seconds; nothing when the pid is no longer that process."""
    for sig, patience in ((polite, grace), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + patience
        while start_time(pid) == started:
            if sig is not None:
                os.kill(pid, sig)
                sig = None
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        else:
            return


class Ledger:
    """The file of one run. With `stays`, its processes are meant to outlive the command that started them."""

    def __init__(self, name, stays=False):
        RUNS.mkdir(parents=True, exist_ok=True)
        self.path = RUNS / (f"{name}.json" if stays else f"{name}-{os.getpid()}.json")
        self.state = {"owner": None if stays else [os.getpid(), start_time(os.getpid())],
                      "processes": [], "folders": [], "notes": {}}
        self._save()

    def add_process(self, name, pid, polite=signal.SIGTERM):
        """`polite` is the signal that asks it to end."""
        self.state["processes"].append([name, pid, start_time(pid), int(polite)])
        self._save()

    def make_folder(self):
        """A new private folder that the user postgres can still traverse."""
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        folder.chmod(0o711)
        self.state["folders"].append(str(folder))
        self._save()
        return folder

    def note(self, **facts):
        self.state["notes"].update(facts)
        self._save()

    def close(self):
        clean_up(self.path)

    def _save(self):
        # Written whole and renamed, so that a kill in between leaves the old file.
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.state, indent=1))
        draft.rename(self.path)


def read(path):
    """The state in a run's file, or None when there is none."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def clean_up(path):
    """Ends what the run started, the last first, removes its folders and its file."""
    state = read(path) or {"processes": [], "folders": []}
    for _, pid, started, polite in reversed(state["processes"]):
        if started is not None:
            end_process(pid, started, polite)
    for folder in state["folders"]:
        if Path(folder).name.startswith(FOLDER_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)
    path.unlink(missing_ok=True)


def clean_up_leftovers():
    """For every run whose owner is gone: end its processes, remove its folders. Returns how many runs there were."""
    swept = 0
    for path in RUNS.glob("*.json"):
        state = read(path)
        if state is None or (state["owner"] and start_time(state["owner"][0]) != state["owner"][1]):
            clean_up(path)
            swept += 1
    return swept
