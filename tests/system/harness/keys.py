# SPDX-License-Identifier: Apache-2.0
"""An issuer's server that publishes a key set, another one, or none."""
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class KeyServer:
    """with KeyServer(document) as server: `document` may be changed; None fails, a text is sent as it is."""

    def __init__(self, document):
        self.document, self.asked = document, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                document = outer.document
                body = (document if isinstance(document, str) else json.dumps(document)).encode()
                self.send_response(500 if document is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Nothing on stderr."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys.json"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
