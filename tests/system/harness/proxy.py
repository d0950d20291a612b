# SPDX-License-Identifier: Apache-2.0
"""Stands between a program and PostgreSQL, knows the statements that pass, and cuts or holds the line at one of them.

A line that is cut before a statement leaves it undone; one that is cut after it leaves it done and unanswered. The program
sees the same in both cases, which is what makes it worth a test.
"""
import socket
import struct
import threading

from .postgres import OWNER

BEFORE, AFTER = "before", "after"


class PostgresProxy:
    """with PostgresProxy(postgres) as proxy: fleet.start_worker(database__url=proxy.url(fleet.database))"""

    def __init__(self, postgres):
        self.target = ("127.0.0.1", postgres.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.lock = threading.Lock()
        self.armed = {}  # statement -> when
        self.cuts = []   # (statement, when), in the order in which they happened
        self.held = {}   # statement -> Event that lets it pass
        self.holding = []
        self.lines = []
        self.closed = False

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closed = True
        for let_go in self.held.values():
            let_go.set()
        self.listener.close()
        for line in list(self.lines):
            line.close()

    def url(self, database):
        port = self.listener.getsockname()[1]
        return f"postgresql://{OWNER}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"

    def cut(self, statement, when):
        """Cuts the next line that runs the statement: a prepared one by its name, others (COPY) by their first word."""
        with self.lock:
            self.armed[statement] = when

    def hold(self, statement):
        """From now on what runs the statement waits for let_go()."""
        self.held[statement] = threading.Event()

    def let_go(self, statement):
        self.held.pop(statement).set()

    def has_cut(self, statement, when):
        return (statement, when) in self.cuts

    def _accept(self):
        while not self.closed:
            try:
                client, _ = self.listener.accept()
                self.lines.append(Line(self, client))
            except OSError:  # closed, or the server is away: the client sees its line end
                continue

    def _take(self, statement):
        """When to cut at this statement, once; None: let it pass."""
        with self.lock:
            return self.armed.pop(statement, None)


class Line:
    """One session: two threads, one for each direction; whole messages only, so that statements are seen."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        try:
            self.server = socket.create_connection(proxy.target)
        except OSError:
            client.close()
            raise
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = 1        # ReadyForQuery messages that will come: one for the start, one for each Sync and Query
        self.answered = 0
        self.doomed = None    # the statement that this line is cut after
        self.doomed_at = None  # the ReadyForQuery that ends its chain
        for direction in (self._up, self._down):
            threading.Thread(target=self._run, args=(direction,), daemon=True).start()

    def close(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _run(self, direction):
        try:
            direction()
        except OSError:
            pass
        finally:
            self.close()

    def _up(self):
        self.server.sendall(_message(self.client, typed=False))
        while data := _message(self.client):
            kind, statement = data[0:1], _statement(data)
            if statement in self.proxy.held:
                self.proxy.holding.append(statement)
                self.proxy.held[statement].wait()
            when = self.proxy._take(statement) if statement else None
            if when == BEFORE:
                self.proxy.cuts.append((statement, when))
                return
            if when == AFTER:
                self.doomed = statement
            if kind in b"SQ":
                self.asked += 1
                if self.doomed and self.doomed_at is None:
                    self.doomed_at = self.asked
            self.server.sendall(data)

    def _down(self):
        while data := _message(self.server):
            if data[0:1] == b"Z":
                self.answered += 1
            if self.doomed_at is not None and self.answered == self.doomed_at:
                self.proxy.cuts.append((self.doomed, AFTER))
                return
            # The answers of the doomed chain stay here, but for COPY's "go on"; those before it were asked for earlier.
            earlier = self.answered < (self.doomed_at or self.asked + 1) - 1
            if self.doomed is None or earlier or data[0:1] in b"ZG":
                self.client.sendall(data)


def _statement(data):
    """The name of the prepared statement that a Bind runs, or the first word of a Query."""
    if data[0:1] == b"B":
        portal_end = data.index(b"\0", 5)
        return data[portal_end + 1:data.index(b"\0", portal_end + 1)].decode()
    if data[0:1] == b"Q":
        return data[5:-1].split(None, 1)[0].decode().lower() if data[5:-1].strip() else None
    return None


def _message(end, typed=True):
    """The next whole message, or b"" when the peer has closed."""
    head = _exactly(end, 5 if typed else 4)
    if not head:
        return b""
    (length,) = struct.unpack("!I", head[-4:])
    rest = _exactly(end, length - 4)
    return head + rest if rest or length == 4 else b""


def _exactly(end, n):
    data = b""
    while len(data) < n:
        more = end.recv(n - len(data))
        if not more:
            return b""
        data += more
    return data
