# SPDX-License-Identifier: Apache-2.0
"""A receiver of webhooks that answers as a test tells it to and keeps what it got."""
import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Delivery:
    """One request as it came."""
    path: str
    headers: dict
    raw: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def body(self):
        return json.loads(self.raw)


class Refused(Exception):
    """What a receiver must not take."""


def verify(secret, delivery, tolerance=300):
    """As the specification of Standard Webhooks says, by the reference library where it is installed, too."""
    stamp = int(delivery.headers["webhook-timestamp"])
    if abs(time.time() - stamp) > tolerance:
        raise Refused("the timestamp")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = f"{delivery.id}.{stamp}.".encode() + delivery.raw
    want = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [signature.partition(",") for signature in delivery.headers["webhook-signature"].split(" ")]
    if not any(version == "v1" and hmac.compare_digest(text, want) for version, _, text in given):
        raise Refused("the signature")
    try:
        from standardwebhooks import Webhook, WebhookVerificationError
    except ImportError:
        return delivery.body
    try:
        return Webhook(secret).verify(delivery.raw, delivery.headers)
    except WebhookVerificationError as error:
        raise Refused(str(error)) from error


class Receiver:
    """Answers 204 unless told otherwise: answer(path, status, headers, times) for the next so many requests."""

    def __init__(self):
        self.got, self.plans, self.lock, self.open = [], {}, threading.Lock(), 0
        self.most_open = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                receiver.take(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def answer(self, status, path="/hook", times=1, delay=0.0, **headers):
        with self.lock:
            self.plans.setdefault(path, []).append([times, status, delay, headers])

    def at(self, path="/hook"):
        with self.lock:
            return [delivery for delivery in self.got if delivery.path == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, request):
        raw = request.rfile.read(int(request.headers["Content-Length"]))
        with self.lock:
            self.got.append(Delivery(request.path, {name.lower(): value for name, value in request.headers.items()}, raw))
            self.open += 1
            self.most_open = max(self.most_open, self.open)
            status, delay, headers = self._plan(request.path)
        time.sleep(delay)
        with self.lock:
            self.open -= 1
        request.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()

    def _plan(self, path):
        plans = self.plans.get(path, [])
        if not plans:
            return 204, 0.0, {}
        plan = plans[0]
        plan[0] -= 1
        if plan[0] == 0:
            plans.pop(0)
        return plan[1:]
