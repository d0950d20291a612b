# SPDX-License-Identifier: Apache-2.0
"""Consenting at a real authorisation server: the server with a provider's declaration before it, and a person with a browser."""
import sys
from urllib.parse import urlsplit

import pytest

from .authorisation_server import CLIENT, PASSWORD, SECRET, USER
from .browser import Browser
from .ledger import ROOT
from .process import Process, free_port

RETURN_TO = "https://app.example/connected"


class Authorisation:
    """The server, and a folder with the declaration of the provider that it stands before, where %(url)s is the server's."""

    def __init__(self, ledger, folder, provider, declaration, callback="/v1/oauth/callback"):
        pytest.importorskip("oauth2_provider", reason="brought by ./fleet test")
        self.producer_port = free_port()
        script = ROOT / "tests" / "system" / "harness" / "authorisation_server.py"
        callback = f"http://127.0.0.1:{self.producer_port}{callback}"
        self.process = Process("authorisation-server", [sys.executable, "-B", script, folder, callback, "ACCESS_TOKEN_EXPIRE_SECONDS=60"],
                               folder / "authorisation-server.log", ledger)
        self.url = f"http://{self.process.address()}"
        self.providers = folder / "providers"
        self.providers.mkdir()
        (self.providers / f"{provider}.cfg").write_text(declaration % {"url": self.url})
        self.settings = {"http__listen": f"127.0.0.1:{self.producer_port}", "providers__dir": self.providers,
                         "outgoing__allow_plain_loopback": True, "oauth__clients": f"{provider}={CLIENT}:{SECRET}",
                         "oauth__state_key": "a key for tests that has 32 bytes!", "oauth__redirect_uri": callback,
                         "oauth__return_to": RETURN_TO}


def consent(browser, url, until, allow=True):
    """Logs in and answers the server's question; where that leads: our callback, which is not asked yet."""
    page = browser.follow(browser.get(url), until=until)
    if urlsplit(page.url).path == "/login":
        page = browser.post(page.url, {**page.form(), "username": USER, "password": PASSWORD})
        page = browser.follow(page, until=until)
    if page.to:
        return page.to
    fields = page.form()
    if not allow:
        del fields["allow"]
    return browser.post(page.url, fields).to


class Person:
    """Whoever is sent to the authorisation server, in a browser of his own."""

    def __init__(self, fleet, tenant=None):
        self.fleet, self.tenant, self.browser = fleet, tenant or fleet.tenant, Browser()

    def begin(self, **body):
        answer = self.tenant.api("POST", "/v1/connections/authorize", {"provider": "bench", "return_to": RETURN_TO, **body})
        assert answer.status == 200, answer
        return answer.body["authorize_url"]

    def consent(self, url, allow=True):
        return consent(self.browser, url, self.fleet.producer_url, allow)

    def come_back(self, callback):
        """What our callback answers with, for the browser to go on with."""
        assert callback.startswith(self.fleet.producer_url + "/v1/oauth/callback?"), callback
        page = self.browser.get(callback)
        assert page.status == 302 and page.to.startswith(RETURN_TO + "?"), page
        return page.query

    def connect(self, **body):
        return self.come_back(self.consent(self.begin(**body)))
