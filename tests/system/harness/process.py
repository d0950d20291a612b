# SPDX-License-Identifier: Apache-2.0
"""One child process with a log of its own, and the waits that every test needs."""
import json
import os
import signal
import socket
import subprocess
import time

POLL_SECONDS = 0.01


class HarnessError(AssertionError):
    """A program did not start, or something waited for did not come."""


def wait_until(predicate, timeout=20.0, what="the condition", explain=None):
    """Polls until predicate() is true and returns its value; fails after `timeout` seconds, with explain() as evidence."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            evidence = f"\n{explain()}" if explain else ""
            raise HarnessError(f"waited {timeout:g} s in vain for {what}{evidence}")
        time.sleep(POLL_SECONDS)


def free_port():
    """A port of 127.0.0.1 that was free a moment ago, for servers that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts_connections(port):
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A child that writes stdout and stderr to `log`, is recorded in the ledger and dies with its parent.

    death: the signal it gets when the parent dies, or None when it is to outlive it (then in a session of its own).
    user: the system user to run as (root only). polite: the signal that asks it to end.
    """

    def __init__(self, name, argv, log, ledger, env=None, user=None, death="KILL", polite=signal.SIGTERM):
        self.name = name
        self.log = log
        command = ["setpriv"]
        if user:
            command += [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        command += [f"--pdeathsig={death}"] if death else []
        command = command + ["--"] if len(command) > 1 else []
        with open(log, "ab") as out:
            self.child = subprocess.Popen(command + [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, env={**os.environ, **(env or {})}, cwd="/",
                                          start_new_session=death is None)
        self.pid = self.child.pid
        ledger.add_process(name, self.pid, polite)

    @property
    def running(self):
        return self.child.poll() is None

    def signal(self, sig):
        """Sends a signal to the child if it has not been waited for, so that its pid cannot be somebody else's."""
        if self.running:
            self.child.send_signal(sig)

    def stop(self, timeout=15.0):
        """SIGTERM and wait. Returns the exit code; a child that does not end in time is killed and fails the test."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HarnessError(f"{self.name} did not end within {timeout:g} s of SIGTERM\n{self.tail()}") from None

    def kill(self):
        """SIGKILL and wait: what a power cut leaves."""
        self.signal(signal.SIGKILL)
        return self.child.wait(10)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def wait(self, timeout=20.0):
        """Waits until it ends by itself and returns the exit code (negative: the signal that ended it)."""
        wait_until(lambda: not self.running, timeout, f"the end of {self.name}", self.tail)
        return self.child.returncode

    def tail(self, lines=30):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        state = "running" if self.running else f"ended with {self.child.returncode}"
        return f"--- {self.name} (pid {self.pid}, {state}), last lines of {self.log}\n" + "\n".join(text.splitlines()[-lines:])

    def events(self, event=None):
        """The log's JSON lines, in order; only those of one event when it is named."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            if not line.startswith("{"):
                continue
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue
            if event in (None, entry.get("event")):
                found.append(entry)
        return found

    def address(self, name=None, timeout=20.0):
        """Where it listens: programs bind port 0 and say what they got.

        Ours log "listening" events by name; the simulator and the demo's broker print "listening HOST:PORT".
        """
        def look():
            said = self._addresses(name)
            if not said and not self.running:
                raise HarnessError(f"{self.name} ended before it listened\n{self.tail()}")
            return said[-1] if said else None
        return wait_until(look, timeout, f"{self.name} to say where it listens", self.tail)

    def _addresses(self, name):
        if name is None:
            lines = self.log.read_text(errors="replace").splitlines()
            return [line.split()[1] for line in lines if line.startswith("listening ")]
        return [entry["address"] for entry in self.events("listening") if entry.get("name") == name]
