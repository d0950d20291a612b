# SPDX-License-Identifier: Apache-2.0
"""Clients of server-sent events: one that a test reads with care, and thousands at once in one thread."""
import json
import selectors
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .process import wait_until

WORD = len(b"event: progress")  # all that a crowd counts are of this length


@dataclass
class Event:
    """One event as EventSource dispatches it; `id` is the last event id at that moment."""
    name: str
    id: str
    data: object


@dataclass
class Parser:
    """What the standard says of a text/event-stream (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    events: list = field(default_factory=list)
    comments: list = field(default_factory=list)
    last_id: str = ""
    retry: int = 0
    _rest: bytes = b""
    _name: str = ""
    _data: list = field(default_factory=list)

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line.decode())

    def _line(self, line):
        if not line:
            if self._data:
                self.events.append(Event(self._name or "message", self.last_id, json.loads("\n".join(self._data))))
            self._name, self._data = "", []
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            self.comments.append(value)
        elif name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self.last_id = value
        elif name == "retry":
            self.retry = int(value)


class Dechunker:
    """Takes a chunked body apart; `ended` after the last chunk."""

    def __init__(self):
        self.rest, self.ended = b"", False

    def feed(self, data):
        out, self.rest = b"", self.rest + data
        while not self.ended:
            size, found, after = self.rest.partition(b"\r\n")
            if not found or len(after) < int(size, 16) + 2:
                break
            length = int(size, 16)
            out, self.rest, self.ended = out + after[:length], after[length + 2:], length == 0
        return out


def _request(url, key, last_event_id):
    parts = urlsplit(url)
    lines = [f"GET {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Bearer {key}", "Accept: text/event-stream"]
    lines += [f"Last-Event-ID: {last_event_id}"] if last_event_id else []
    return parts, "\r\n".join([*lines, "", ""]).encode()


class Listener:
    """An EventSource that does not come back by itself. Use as a context, or close it."""

    def __init__(self, url, key, last_event_id=None, receive_buffer=None, read=True):
        parts, request = _request(url, key, last_event_id)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((parts.hostname, parts.port))
        self.socket.sendall(request)
        self.parser, self.status, self.headers, self.closed, self.ended = Parser(), None, {}, False, False
        self.thread = threading.Thread(target=self._read, daemon=True)
        if read:
            self.thread.start()

    def __enter__(self):
        wait_until(lambda: self.status is not None or self.closed, what="the stream's head")
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    @property
    def events(self):
        return list(self.parser.events)

    @property
    def last_id(self):
        return self.parser.last_id

    def named(self, name):
        return [event for event in self.events if event.name == name]

    def wait_for(self, name, count=1, timeout=20.0):
        """The first so many events of that name."""
        wait_until(lambda: len(self.named(name)) >= count, timeout, f"{count} events {name}", lambda: f"{self.status} {self.events}")
        return self.named(name)[:count]

    def wait_for_end(self, timeout=20.0):
        wait_until(lambda: self.closed or self.ended, timeout, "the end of the stream", lambda: f"{self.events}")
        return self.ended

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self.thread.is_alive():
            self.thread.join(5)
        self.socket.close()

    def _read(self):
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError
                head += data
            head, _, rest = head.partition(b"\r\n\r\n")
            self._take_head(head.decode())
            chunks = Dechunker()
            while not chunks.ended and self.status == 200:
                self.parser.feed(chunks.feed(rest))
                self.ended = chunks.ended
                rest = b"" if chunks.ended else self.socket.recv(65536)
                if not rest:
                    break
        except OSError:
            pass
        self.closed = True

    def _take_head(self, head):
        first, *lines = head.split("\r\n")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.status = int(first.split()[1])


class Crowd:
    """Many listeners on the same or on different URLs, read by one selector."""

    def __init__(self, urls, key):
        self.selector = selectors.DefaultSelector()
        self.bytes = self.heads = self.progress = self.done = self.closed = 0
        self.sockets = []
        for url in urls:
            parts, request = _request(url, key, None)
            one = socket.create_connection((parts.hostname, parts.port))
            one.sendall(request)
            one.setblocking(False)
            self.sockets.append(one)
            self.selector.register(one, selectors.EVENT_READ, {"tail": b""})

    def read(self, seconds=0.0):
        """Reads what has come."""
        for key, _ in self.selector.select(seconds):
            try:
                data = key.fileobj.recv(65536)
            except (BlockingIOError, ConnectionError):
                data = b""
            if not data:
                self.selector.unregister(key.fileobj)
                self.closed += 1
                continue
            text = key.data["tail"] + data  # the words may be cut between two reads, and count once
            self.heads += text.count(b"HTTP/1.1 200 OK")
            self.progress += text.count(b"event: progress")
            self.done += text.count(b"event: done\ndat")
            self.bytes += len(data)
            key.data["tail"] = text[-WORD + 1:]

    def read_until(self, predicate, timeout, what):
        def look():
            self.read(0.05)
            return predicate()
        return wait_until(look, timeout, what, lambda: f"{self.heads} heads, {self.done} done, {self.closed} closed")

    def close(self):
        for one in self.sockets:
            one.close()
        self.selector.close()
