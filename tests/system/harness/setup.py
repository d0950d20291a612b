# SPDX-License-Identifier: Apache-2.0
"""Setting a fleet up: syncctl's commands and the simulator's controls."""
import json
import urllib.error
import urllib.parse
import urllib.request

from .ledger import ROOT
from .process import HarnessError

SIMULATED = ("practicepanther", "bench", "acme", "zoho", "highlevel", "amazon", "google")


def topics_of(folder):
    """Every topic of a fleet with the providers that are declared in the folder."""
    tasks = [f"sync.tasks.{path.stem}" for path in sorted(folder.glob("*.cfg"))]
    return ["sync.requests", "sync.requests.dlq", "sync.results", "sync.connections", *tasks, *(f"{topic}.dlq" for topic in tasks)]


def http_json(method, url, body=None, headers=None, timeout=30):
    """Calls a URL that must answer 2xx with JSON, or with JSON lines, which come back as a list."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            text, lines = response.read().decode(), response.headers.get_content_type() == "application/x-ndjson"
    except urllib.error.HTTPError as error:
        raise HarnessError(f"{method} {url}: {error.code} {error.read().decode()}") from None
    return [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)


class Ctl:
    """What operations do by syncctl, on one database and broker."""

    def __init__(self, programs, settings):
        self.programs, self.settings = programs, settings

    def __call__(self, *arguments, stdin=None):
        """Runs a command that must succeed and returns its rows."""
        text = self.programs.output("syncctl", *arguments, "--output=json", settings=self.settings, stdin=stdin)
        return [json.loads(line) for line in text.splitlines()]

    def migrate(self):
        return self("migrate", "up", f"--migrations={ROOT / 'schemas' / 'migrations'}")

    def tenant(self, name):
        return self("tenants", "create", name)[0]["tenant_id"]

    def key(self, tenant_name, rights="read,sync,connect,admin", **flags):
        """A new service key; only this call ever shows it."""
        more = [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()]
        return self("keys", "create", f"--tenant={tenant_name}", "--name=tests", f"--rights={rights}", *more)[0]["key"]

    def connections(self, wanted):
        """Connects accounts, a list of dicts as `connections import` takes them; secrets go in by stdin. Returns ids."""
        return [row["connection_id"] for row in self("connections", "import", "-", stdin=json.dumps(wanted))]


class ProviderSimulator:
    """The providers' APIs and their controls (tests/simulator/README.md)."""

    def __init__(self, programs, *arguments):
        self.process = programs.start("provider-simulator", arguments)
        self.url = f"http://{self.process.address()}"

    def origins(self):
        """The workers' setting that leads every simulated provider here."""
        return ",".join(f"{provider}={self.url}" for provider in SIMULATED)

    def account(self, name, **settings):
        """Makes or changes an account: records={resource: count}, latency_ms, expires_in, version, changed_share, dials."""
        return http_json("POST", self._of(name), settings)

    def accounts(self, prefix, count, **settings):
        """Many accounts at once: prefix0, prefix1, ..., all with these settings. Returns their names."""
        http_json("POST", f"{self.url}/control/accounts", {"prefix": prefix, "from": 0, "to": count - 1, **settings})
        return [f"{prefix}{n}" for n in range(count)]

    def dial(self, name, dial, **options):
        """From now on the account misbehaves: dial("a", "throttle", resource="contacts", times=3, retry_after="1")."""
        return http_json("POST", self._of(name, "dials"), [{"dial": dial, **options}])

    def limit(self, *limits):
        """Limits of all accounts together: {"name": ..., "kind": "rate", "count": 10, "enforce": False}; see README.md."""
        return http_json("POST", f"{self.url}/control/limits", list(limits))

    def limits(self):
        """What these limits have seen, by name: calls, refused, most (in any window of the period), most_at_once."""
        return {limit["name"]: limit for limit in http_json("GET", f"{self.url}/control/limits")}

    def clear_dials(self, name):
        return http_json("DELETE", self._of(name, "dials"))

    def state(self, name):
        return http_json("GET", self._of(name))

    def rows(self, name, resource, api=None):
        """Every record that the account has now, as the API serves it; `api` where the resource's name does not say which."""
        count = self.state(name)["records"].get(resource, 0)
        which = {"resource": resource, "from": 0, "n": count, **({"api": api} if api else {})}
        return http_json("GET", self._of(name, "rows", **which)) if count else []

    def log(self, name=None):
        """What was asked and answered so far, of one account or of all."""
        return http_json("GET", f"{self.url}/control/log" + (f"?account={name}" if name else ""))

    def stats(self):
        return http_json("GET", f"{self.url}/stats")

    def secret(self, name, pair=1):
        """The tokens that the account's user got when authorising."""
        return {"access_token": f"at-{name}-{pair}", "refresh_token": f"rt-{name}-{pair}", "client_id": "client",
                "client_secret": "secret"}

    def _of(self, name, *path, **query):
        return "/".join([f"{self.url}/control/accounts", urllib.parse.quote(name), *path]) + \
            ("?" + urllib.parse.urlencode(query) if query else "")
