# SPDX-License-Identifier: Apache-2.0
"""The provider of tests/fixtures/declarations/walks: what it has is what a test puts into it, and every request is kept."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = {"orders": 3, "items": 2}


class Shop:
    def __init__(self):
        self.orders, self.stock, self.calls, self.money = {}, {}, [], []
        self.dying, self.asked, self.lock = 0, [], threading.Lock()
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                shop.take(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def origin(self):
        return f"shop=http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def order(self, id, lines, state="new"):
        """Puts an order there, or changes it; it shows itself to whoever asks what changed."""
        with self.lock:
            self.orders[id] = {"id": id, "state": state, "lines": lines, "changed": True}

    def at_rest(self):
        """Nothing has changed any more, and nothing was asked."""
        with self.lock:
            for order in self.orders.values():
                order["changed"] = False
            self.asked.clear()

    def paths(self, prefix=""):
        with self.lock:
            return [path for path, _ in self.asked if path.startswith(prefix)]

    def take(self, request):
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        with self.lock:
            self.asked.append((url.path, query))
            status, body = self.answer([unquote(part) for part in url.path.strip("/").split("/")], query)
        raw = json.dumps(body).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)

    def answer(self, path, query):
        if path == ["orders"]:
            shown = [order for _, order in sorted(self.orders.items()) if "since" not in query or order["changed"]]
            at = (int(query["page"]) - 1) * PAGE["orders"]
            return 200, {"orders": [{"id": order["id"], "state": order["state"]} for order in shown[at:at + PAGE["orders"]]]}
        if path[0] == "orders":
            lines = self.orders[path[1]]["lines"]
            at = int(query.get("cursor", 0))
            page = [{"line": line} for line in lines[at:at + PAGE["items"]]]
            more = at + PAGE["items"] < len(lines)
            return 200, {"items": page, **({"next": str(at + PAGE["items"])} if more else {})}
        if path[0] in ("calls", "money"):
            return self.window(path[0], {name: int(value) for name, value in query.items() if name != "size"})
        if path[0] == "stock":
            return 200, {"stock": self.stock.get(path[1], [])}
        return 404, {}

    def window(self, what, query):
        """Of [from, to), two at a time. Cursors that `dying` counts are unknown when they come back."""
        records = sorted((record for record in getattr(self, what) if query["from"] <= record["at"] < query["to"]),
                         key=lambda record: record["at"])
        at = query.get("cursor", 0)
        if at and self.dying:
            self.dying -= 1
            return 410, {}
        more = at + 2 < len(records)
        return 200, {what: records[at:at + 2], **({"next": str(at + 2)} if more else {})}
