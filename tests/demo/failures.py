# SPDX-License-Identifier: Apache-2.0
"""One failure of each kind, and what is said of it. Each has an account of its own."""
from systems import Caller, tell

RECORDS = {"contacts": 300}
# Kind, what is done to it, what becomes of it when it is no failure in the end, the account's dials at the simulator.
KINDS = (
    ("transient", "it answers 500 for good", None, [{"dial": "server_error", "resource": "contacts", "times": -1}]),
    ("throttled", "it asks for a second", "waited as it was told, and went on",
     [{"dial": "throttle", "resource": "contacts", "retry_after": "1"}]),
    ("token", "the access token is over", "refreshed on the way", [{"dial": "expire_token", "resource": "contacts"}]),
    ("auth", "the grant is withdrawn", None, [{"dial": "expire_token", "resource": "contacts"},
                                              {"dial": "unauthorized", "resource": "token", "times": -1}]),
    ("permanent", "a scope is missing", None, [{"dial": "forbidden", "resource": "contacts", "times": -1}]),
    ("stalled", "its pages lead in a circle", None, [{"dial": "cursor_loop", "resource": "contacts", "times": -1}]),
    ("cursor", "the cursor is too old", "walked once more from the beginning",
     [{"dial": "expired_cursor", "resource": "contacts", "after": 1}]),
    ("a bad record", "one that no table takes", "the others are stored, it is in quarantine", [{"dial": "nul_text", "resource": "contacts"}]),
)
BY_CURSOR = ("stalled", "cursor")  # PracticePanther pages by offset: these are seen at Zoho


class Failures:
    def __init__(self, stage):
        self.stage = stage

    def _connect(self):
        ids = self.stage.ctl.connections([
            {"tenant": "demo", "provider": self._provider(kind), "external_id": account, **self.stage.simulator.secret(account),
             **({"settings": {"data_centre": "us"}} if kind in BY_CURSOR else {})} for kind, account in self.accounts.items()])
        return dict(zip(self.accounts, ids))

    @staticmethod
    def _provider(kind):
        return "zoho" if kind in BY_CURSOR else "practicepanther"

    def show(self):
        self.accounts = {kind: f"trouble-{n}" for n, (kind, *_) in enumerate(KINDS)}
        for kind, _, _, dials in KINDS:
            self.stage.simulator.account(self.accounts[kind], records=RECORDS, dials=dials)
        connections = self._connect()
        me, nobody = Caller(self.stage.api, self.stage.key), Caller(self.stage.api, None)
        syncs = {kind: me.quietly("POST", "/v1/syncs", {"provider": self._provider(kind), "connection_id": connection,
                                                       "resources": ["contacts"], "mode": "full"}).body["sync_id"]
                 for kind, connection in connections.items()}
        ended = self.stage.wait_for(syncs.values())
        for kind, what, mended, _ in KINDS:
            (task,) = ended[syncs[kind]]["tasks"]
            said = task["error"]["message"] if task["error"] else mended
            print(f"  {kind:<13} {what:<28} {task['state']:<10} {said}", flush=True)
        again = {"provider": "practicepanther", "connection_id": connections["auth"]}
        tell("POST /v1/syncs, once more after `auth`", me.quietly("POST", "/v1/syncs", again))
        tell("POST /v1/syncs, of what nobody has declared", me.quietly("POST", "/v1/syncs", {**again, "resources": ["invoices"]}))
        tell("POST /v1/syncs, without a key", nobody.quietly("POST", "/v1/syncs", again))
        tell("GET /v1/oauth/callback, a forged state", nobody.quietly("GET", "/v1/oauth/callback?state=forged&code=x"))
