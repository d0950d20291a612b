# SPDX-License-Identifier: Apache-2.0
"""The five systems as their users meet them: what is said before anything is connected, the consent, the sync, what is there afterwards.
A system is a row of what differs; those whose routes or declaration this build has not are named and left out."""
import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

LATENCY_MS = 30  # of every page, so that the bars can be watched for some seconds
TIMEOUT_SECONDS = 40
SOON_SECONDS = 1
CUT = 110  # characters of a document that only is to be seen


def token(secret, user, role="user", tenant="demo", life_s=3600):
    """A user's token (JWT, HS256), as the product that he uses makes it."""
    def part(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    said = {"sub": user, "role": role, "tenant_id": tenant, "exp": int(time.time()) + life_s}
    signed = ".".join(part(json.dumps(value).encode()) for value in ({"alg": "HS256", "typ": "JWT"}, said))
    return f"{signed}.{part(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


@dataclass
class Answer:
    status: int
    body: object
    location: str = None

    def words(self):
        """What a person reads first."""
        if not isinstance(self.body, dict):
            return self.location or ""
        said = [str(self.body[name]) for name in ("error", "code", "message", "detail") if self.body.get(name)]
        return ": ".join(dict.fromkeys(said)) or json.dumps(self.body)[:CUT]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_OPENER = urllib.request.build_opener(_Stay)


class Caller:
    """Somebody who calls the fleet's HTTP service, and whose calls are seen."""

    def __init__(self, url, key):
        self.url, self.key = url, key

    def quietly(self, method, path, body=None, headers=None):
        given = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.key}"} if self.key else {}), **(headers or {})}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=given)
        try:
            with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
                return self._answer(response)
        except urllib.error.HTTPError as error:
            return self._answer(error)

    @staticmethod
    def _answer(response):
        text = response.read().decode()
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(response.status, json.loads(text) if text and is_json else text, response.headers.get("Location"))

    def __call__(self, method, path, body=None, words=None, **how):
        answer = self.quietly(method, path, body, **how)
        tell(f"{method} {path.partition('?')[0]}", answer, words)
        return answer


def tell(what, answer, words=None):
    """One line for a call; `words` picks them from the body of a good answer."""
    good = answer.status < 400 and words
    print(f"  {what:<48} {answer.status}  {words(answer.body) if good else answer.words()}", flush=True)


class System:
    """What all have in common; the seams are what a system does in its own way."""
    name = about = provider = account = route = None
    role, user = "admin", "anna"
    records = {}
    settings = {}  # of the account at the simulator
    tables = samples = ()

    def __init__(self, stage):
        self.stage, self.me = stage, Caller(stage.api, token(stage.secret, self.user, self.role))

    def lacks(self):
        """What this build lacks to show it, or None."""
        if not self.stage.declares(self.provider):
            return f"common/providers/{self.provider}.cfg is not there"
        return None if self.route in self.stage.routes else f"{self.route} is not there"

    def prepare(self):
        self.stage.simulator.account(self.account, records=self.records, latency_ms=LATENCY_MS, **self.settings)

    def consent(self, url, callback, code="code", **more):
        """What happens in the browser: the user agrees, and is sent back with a code."""
        state = dict(parse_qsl(urlsplit(url).query))["state"]
        print(f"  {'(the user agrees at ' + urlsplit(url).path + ')':<48}", flush=True)
        answer = Caller(self.stage.api, None).quietly("GET", f"{callback}?" + urlencode({"state": state, code: f"code-{self.account}-1", **more}))
        tell(f"GET {callback}", answer, lambda body: body.get("message") or body.get("result") or "connected"
             if isinstance(body, dict) else answer.location)

    def before(self):
        """Refused, then connected."""

    def start(self):
        """Asks for the sync, beside the others. What it yields, the arguments of tell(), is told when all have ended."""

    def after(self):
        """What its page shows then."""


class PracticePanther(System):
    name, about, provider, account = "PracticePanther", "an admin and Sync Now", "practicepanther", "smith-law"
    page = "/api/admin/pp-token"
    route = f"POST {page}/trigger-sync"
    records = {"contacts": 3000, "matters": 1500, "tasks": 4500}
    settings = {"dials": [{"dial": "throttle", "resource": "matters", "after": 5, "retry_after": "2"},
                          {"dial": "nul_text", "resource": "contacts", "after": 2}]}
    tables = ("practicepanther_contacts", "practicepanther_matters", "practicepanther_tasks")
    samples = ("select display_name, email, phone_mobile, status from practicepanther_contacts order by id limit 3",)

    def before(self):
        self.me("GET", f"{self.page}/status")
        self.me("POST", f"{self.page}/trigger-sync", {})
        told = self.me("GET", f"{self.page}/auth-url", words=lambda body: body["instructions"][0])
        self.consent(told.body["auth_url"], f"{self.page}/callback")

    def start(self):
        yield f"POST {self.page}/trigger-sync", self.me.quietly("POST", f"{self.page}/trigger-sync", {})

    def after(self):
        self.me("GET", f"{self.page}/status", words=lambda body: "{message}; last sync: {ago}, {said}; next: {next}".format(
            message=body["message"], ago=body["last_sync"]["ago"], said=body["last_sync"]["message"], next=body["next_sync"]["message"]))


class HighLevel(System):
    name, about, provider, account = "HighLevel", "an admin connects one of the users", "highlevel", "location-1"
    route = "POST /functions/v1/sync-highlevel-calls"
    records = {"call_logs": 400}
    tables = ("highlevel_calls",)
    samples = ("select user_id is not null as has_user, location_id, is_active, access_token from api_keys limit 3",
               "select last_sync_status, last_sync_message, records_synced from sync_status limit 3")

    def before(self):
        self.me("POST", "/functions/v1/sync-highlevel-calls", {"userId": "ben"})
        told = self.me("GET", "/functions/v1/oauth-start?userId=ben", words=lambda body: "where ben agrees, with the scopes that are needed")
        self.consent(told.body["url"], "/oauth/callback")
        self.me("POST", "/functions/v1/oauth-test", {"userId": "ben"})

    def start(self):
        yield self.route, self.me.quietly("POST", "/functions/v1/sync-highlevel-calls", {"userId": "ben"})

    def after(self):
        self.me("GET", "/functions/v1/admin-users", words=lambda body: "; ".join(f"{user['externalId']}: {user['status']}" for user in body["users"]))
        self.me("POST", "/functions/v1/oauth-refresh", {"userId": "ben"})


class Google(System):
    name, about, provider, account, role, user = "Google", "mail and calendars in one consent", "google", "dora", "user", "dora"
    route = "POST /api/sync/gmail/start"
    records = {"messages": 200, "calendars": 3, "events": 300}  # more mail would use up a minute of quota
    tables = ("sync_email_messages", "google_calendars", "sync_calendar_events")
    samples = ("select from_address, subject, is_unread, internal_date::timestamp(0) from sync_email_messages order by internal_date desc limit 3",
               "select summary, start_at::timestamp(0), start_date, status from sync_calendar_events order by event_id limit 3")

    def before(self):
        self.me("POST", "/api/sync/gmail/start", {})
        told = self.me("GET", "/api/sync/google/oauth-url?returnTo=/sync", words=lambda body: "where dora agrees")
        self.consent(told.body["url"], "/api/sync/google/callback")

    def start(self):
        for what in ("gmail", "calendar"):
            yield f"POST /api/sync/{what}/start", self.me.quietly("POST", f"/api/sync/{what}/start", {}), self._job

    @staticmethod
    def _job(body):
        return "a job of {provider} is {status}".format(**body["job"])

    def after(self):
        self.me("GET", "/api/sync/gmail/messages?limit=1&unread=true", words=lambda body: json.dumps(body)[:CUT])
        self.me("GET", "/api/sync/calendar/events?from=2024-02-01&to=2024-02-08&limit=1", words=lambda body: json.dumps(body)[:CUT])


class Amazon(System):
    name, about, provider, account, role, user = "Amazon", "a seller's money", "amazon", "seller-1", "user", "carl"
    page = "/api/v1/integrations/amazon"
    route = f"POST {page}/sync"
    records = {"orders": 120, "inventory": 200, "financial_events": 150}
    tables = ("amazon_orders", "amazon_order_items", "amazon_financial_events")
    samples = ("select claim_id, order_id, amount, currency, type, status from amazon_claims order by claim_id limit 3",
               "select sku, quantity_available, quantity_reserved, quantity_total from amazon_inventory order by sku limit 3")

    def before(self):
        self.me("POST", f"{self.page}/sync", {})
        told = self.me("POST", f"{self.page}/connect", {"region": "na"}, words=lambda body: "where carl agrees")
        self.consent(told.body["url"], f"{self.page}/callback", "spapi_oauth_code", selling_partner_id=self.account)

    def start(self):
        yield f"POST {self.page}/sync", self.me.quietly("POST", f"{self.page}/sync", {})
        yield f"POST {self.page}/sync, once more", self.me.quietly("POST", f"{self.page}/sync", {})
        time.sleep(SOON_SECONDS)
        yield "GET /api/sync/status, soon after", self.me.quietly("GET", "/api/sync/status"), self._progress

    @staticmethod
    def _progress(body):
        parts = [f"{part} {told['count']} {told['status']}" for part, told in (body["results"] or {}).items()]
        return f"{body['status']}, {body['progress']} %: {', '.join(parts) or body['message']}"

    def after(self):
        self.me("GET", "/api/sync/status", words=self._progress)
        self.me("GET", f"{self.page}/claims?limit=1", words=lambda body: json.dumps(body)[:CUT])


class Zoho(System):
    name, about, provider, account, role, user = "Zoho CRM", "an organisation in Europe", "zoho", "hill-partners", "user", "emma"
    route = "POST /api/sync/full"
    records = {"leads": 3000, "contacts": 2000, "accounts": 800, "deals": 1200}
    settings = {"zoho": {"data_centre": "eu"}}
    tables = ("zoho_leads", "zoho_contacts", "zoho_accounts", "zoho_deals")
    samples = ("select deal_name, account_name, stage, amount, closing_date from zoho_deals order by id limit 3",)

    def before(self):
        self.me("POST", "/api/sync/full", {})
        told = self.me("POST", "/v1/connections/authorize", {"provider": "zoho", "external_id": self.account, "settings": {"data_centre": "eu"}},
                       words=lambda body: "where emma agrees")
        self.consent(told.body["authorize_url"], "/v1/oauth/callback")
        self.me("GET", "/api/auth/validate")

    def start(self):
        answer = self.me.quietly("POST", "/api/sync/full", {})
        self.session = answer.body["data"]["session_id"]
        yield self.route, answer
        time.sleep(SOON_SECONDS)
        yield "GET /api/sync/status/{session_id}, soon after", self.me.quietly("GET", f"/api/sync/status/{self.session}"), self._progress

    @staticmethod
    def _progress(body):
        return f"{body['status']}: {body['progress']['completed']} of {body['progress']['total'] or 'nobody knows how many'}"

    def after(self):
        tell("GET /api/sync/status/{session_id}", self.me.quietly("GET", f"/api/sync/status/{self.session}"), self._progress)
        self.me("GET", "/api/sync/health", words=lambda body: f"{body['overall_health']}, success rate {body['metrics']['success_rate']}")


ALL = (PracticePanther, HighLevel, Amazon, Google, Zoho)
