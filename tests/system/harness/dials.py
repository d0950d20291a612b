# SPDX-License-Identifier: Apache-2.0
"""What each way of misbehaving must end in: one table of cases, for every simulated provider."""
import re
import shutil
from dataclasses import dataclass, field
from email.utils import formatdate
from time import time

from .faithful import canonical
from .ledger import ROOT
from .letters import PROVIDERS as DECLARATIONS
from .letters import declarations
from .setup import topics_of

UNSEEN = ROOT / "tests" / "fixtures" / "declarations" / "unseen"
BODY_MAX = 1 << 20  # bytes of a page, for the fleet of these cases
TRIES = 3
SIZE = 20  # records of a page: small enough to come in one piece


@dataclass(frozen=True)
class Provider:
    """A simulated provider and the resource that the cases walk: two full pages and a half."""
    name: str
    resource: str
    oauth: bool = False

    @property
    def records(self):
        return SIZE * 5 // 2

    def secret(self, account):
        if self.name == "acme":
            return {"access_token": f"key-{account}"}
        return {"access_token": f"at-{account}-1", "refresh_token": f"rt-{account}-1", "client_id": "client", "client_secret": "secret"}


PROVIDERS = {each.name: each for each in (
    Provider("practicepanther", "contacts", oauth=True),
    Provider("bench", "contacts"),
    Provider("acme", "widgets"),
    Provider("zoho", "leads", oauth=True),
)}


@dataclass(frozen=True)
class Case:
    """Dials, and how the sync ends. `by` has what differs at a provider, or None and in `never` why it cannot happen there."""
    dials: tuple
    state: str = "completed"
    error_class: str = None
    reason: str = ""
    tries: int = None  # that the dead letter tells
    pages: int = 0  # more than without the dial
    again: int = 0  # records that were counted more than once
    missed: int = 0  # records that this walk cannot have seen: the next one brings them
    quarantined: int = 0
    altered: bool = False  # what was stored is not what the simulator has: a last sync mends it
    waits_ms: int = None  # least time from a refusal to the next call
    by: dict = field(default_factory=dict)
    never: dict = field(default_factory=dict)

    def at(self, provider):
        """This case as the provider has it."""
        own = self.by.get(provider, {})
        return Case(**{**self.__dict__, **own})


def dial(kind, **options):
    return {"dial": kind, **options}


def passes(*dials, **how):
    return Case(dials, **how)


def fails(error_class, reason, *dials, tries=1, **how):
    return Case(dials, "failed", error_class, reason, tries, **how)


def for_ever(error_class, reason, *dials, **how):
    return fails(error_class, reason, *({**each, "times": -1} for each in dials), tries=TRIES, **how)


def http_date(seconds_from_now):
    return formatdate(time() + seconds_from_now, usegmt=True)


def refreshes(name, *dials, how=None, rotation=None):
    """The token expires on the second page. `rotation`: what differs where the refresh token is spent by its use."""
    at_the_endpoint = [{"resource": "token", **each} for each in dials]
    case = Case((dial("expire_token", after=1), *at_the_endpoint), by={"practicepanther": rotation or {}}, never=NO_OAUTH)
    return {name: Case(**{**case.__dict__, **(how or {})})}


# Nobody but the user can help; replaying would be of no use, so there is no dead letter.
LOST = dict(state="failed", error_class="auth", reason="must be authorised again")
NO_OAUTH = {"bench": "a fixed token: there is nothing to refresh", "acme": "a key: there is nothing to refresh"}
UNREAD = "the body cannot be read"
TOO_LARGE = f"the body is larger than {BODY_MAX} bytes"
REPEATED = "begins with the record of an earlier page again"
FIXED_TOKEN = {name: dict(state="failed", error_class="token", reason="HTTP 401", tries=1) for name in NO_OAUTH}
POSITION_ONLY = "pages are asked for by position: there is no cursor that could be over"

CASES = {
    "nothing": passes(),
    # refusals
    "429 without Retry-After": passes(dial("throttle", times=2)),
    "429 with seconds": passes(dial("throttle", times=2, retry_after="1"), waits_ms=1000),
    "429 with a date": passes(dial("throttle", retry_after=lambda: http_date(2)), waits_ms=1000),
    "429 with a date that has passed": passes(dial("throttle", retry_after=lambda: http_date(-3600)), waits_ms=1000),
    "429 with zero": passes(dial("throttle", retry_after="0"), waits_ms=1000),
    "429 with nonsense": passes(dial("throttle", retry_after="in a while")),
    "429 with less than nothing": passes(dial("throttle", retry_after="-5")),
    "503 with Retry-After": passes(dial("throttle", status=503, retry_after="1"), waits_ms=1000),
    "429 often": passes(dial("throttle", times=TRIES + 2, retry_after="0", after=1)),
    "500": passes(dial("server_error", times=2)),
    "502 behind good pages": passes(dial("server_error", times=2, status=502, after=2)),
    "503": passes(dial("server_error", status=503)),
    "408": passes(dial("server_error", status=408)),
    "500 for ever": for_ever("transient", "HTTP 500", dial("server_error")),
    "500 for ever behind a good page": for_ever("transient", "HTTP 500", dial("server_error", after=1)),
    "403": fails("permanent", "HTTP 403", dial("forbidden")),
    "404": fails("permanent", "HTTP 404", dial("server_error", status=404)),
    "422": fails("permanent", "HTTP 422", dial("server_error", status=422, after=1)),
    "401 once": passes(dial("unauthorized", after=1), by=FIXED_TOKEN),
    "401 for ever": fails("token", "HTTP 401", dial("unauthorized", times=-1)),
    "an expired token": passes(dial("expire_token", after=1), by=FIXED_TOKEN),
    "a cursor that is over": passes(dial("expired_cursor", after=1), pages=1, again=SIZE, by={
        name: dict(state="failed", error_class="permanent", reason="HTTP 410", tries=1, pages=0, again=0)
        for name in ("practicepanther", "acme")}),
    "cursors that are always over": fails(
        "stalled", "", *(dial("expired_cursor", after=after) for after in (1, 3, 5, 7)),
        never={name: POSITION_ONLY for name in ("practicepanther", "acme")}),
    # answers that do not come, or not whole
    "a closed connection": passes(dial("hang", times=2, ms=50)),
    "no answer": passes(dial("hang")),
    "no answer for ever": for_ever("transient", "imed out", dial("hang")),
    "a lost answer": passes(dial("lost", after=1)),
    "lost answers for ever": for_ever("transient", "127.0.0.1", dial("lost", after=1)),
    "a slow answer": passes(dial("latency", times=2, ms=300)),
    "answers slower than the timeout": for_ever("transient", "imed out", dial("latency", ms=20000)),
    "a drip": passes(dial("drip", bytes=4096, ms=5)),
    "a drip slower than the timeout": passes(dial("drip", bytes=10, ms=100, after=1)),
    "a drip for ever": for_ever("transient", "imed out", dial("drip", bytes=1, ms=100)),
    "a cut body": passes(dial("cut", times=2, after=1)),
    "a cut body for ever": for_ever("transient", "127.0.0.1", dial("cut")),
    "a length beyond the body": passes(dial("wrong_length", bytes=1000, after=1)),
    "a length beyond the body for ever": for_ever("transient", "imed out", dial("wrong_length", bytes=1)),
    "a length within the body": fails("permanent", UNREAD, dial("wrong_length", bytes=-100, after=1)),
    # bodies
    "gzip": passes(dial("gzip", times=-1)),
    "plain text that is said to be gzip": passes(dial("bad_gzip", after=1)),
    "never gzip, though it is said": for_ever("transient", "127.0.0.1", dial("bad_gzip")),
    "a gzip bomb": fails("permanent", TOO_LARGE, dial("gzip_bomb", bytes=8 << 20)),
    "blanks behind the body": passes(dial("huge", bytes=BODY_MAX)),
    "too many blanks behind the body": fails("permanent", TOO_LARGE, dial("huge", bytes=BODY_MAX + 1, after=1)),
    "half a document": fails("permanent", UNREAD, dial("broken_json")),
    "a page of HTML": fails("permanent", UNREAD, dial("html", after=1)),
    "a huge record": passes(dial("huge_record", bytes=BODY_MAX // 2, after=1), altered=True),
    "a record that is too huge": fails("permanent", TOO_LARGE, dial("huge_record", bytes=BODY_MAX, after=1)),
    "a record without identity": passes(dial("null_id", after=1), quarantined=1),
    "a text that PostgreSQL cannot hold": passes(dial("nul_text", after=1), quarantined=1),
    "a text that is no text": fails("permanent", "not UTF-8", dial("bad_utf8", after=1)),
    # the token endpoint, when a token has expired on the second page
    **refreshes("a slow token endpoint", dial("latency", ms=500)),
    **refreshes("a token endpoint that fails twice", dial("server_error", times=2, status=503)),
    **refreshes("a token endpoint that throttles", dial("throttle", retry_after="1")),
    **refreshes("a token endpoint that hangs up", dial("hang", ms=50)),
    **refreshes("a token endpoint that does not answer", dial("hang")),
    **refreshes("a token in gzip, by drips", dial("gzip"), dial("drip", bytes=20, ms=5)),
    **refreshes("a lost token", dial("lost"), rotation=LOST),
    **refreshes("a token that is cut", dial("cut"), rotation=LOST),
    **refreshes("a page of HTML for a token", dial("html"), rotation=LOST),
    **refreshes("half of a token", dial("broken_json"), rotation=LOST),
    **refreshes("a token endpoint that always fails", dial("server_error", times=-1), how=dict(
        state="failed", error_class="transient", reason="HTTP 500", tries=TRIES)),
    **refreshes("a grant that was withdrawn", dial("unauthorized", times=-1), how=LOST),
    # pages
    "more records than asked for": passes(dial("huge_page")),
    "an empty page before the next": passes(dial("empty_page", after=1, times=2), pages=2, never={
        "practicepanther": "an empty page is how the end is told",
        "acme": "a page is asked for by its number: what an empty one held does not come with the next"}),
    "an empty page among others": passes(dial("empty_page", after=1), missed=SIZE, pages=1, never={
        "practicepanther": "an empty page is how the end is told",
        "bench": "the next cursor leads to what the empty page held",
        "zoho": "the next cursor leads to what the empty page held"}),
    "empty pages for ever": fails("stalled", "1000 pages without a record", dial("empty_page", after=1, times=-1), never={
        "practicepanther": "an empty page is how the end is told",
        "acme": "the total bounds the pages: what they held is missed, as by any answer that lies"}),
    "a page again": fails("stalled", REPEATED, dial("repeated_page", after=1)),
    "a loop of one page": fails("stalled", REPEATED, dial("cursor_loop", times=-1)),
    "a loop of two pages": fails("stalled", REPEATED, dial("cursor_loop", times=-1, **{"to": 0, "from": 2 * SIZE})),
    "rows twice in a page": passes(dial("duplicated_rows", rows=3, times=2)),
    "rows of the page before": passes(dial("overlapping_page", rows=5, after=1, times=2), again=10),
    "rows in another order": passes(dial("reordered_rows", times=-1)),
    "pages in another order": passes(dial("swapped_pages", times=2)),
}

# Together they are every combination: nothing is left out without a reason.
PLAYED = [(name, provider) for name, case in CASES.items() for provider in PROVIDERS if provider not in case.never]
LEFT_OUT = {(name, provider): reason for name, case in CASES.items() for provider, reason in case.never.items()}


def asked(options):
    """A dial as the simulator takes it: what depends on the clock is worked out now."""
    return {name: value() if callable(value) else value for name, value in options.items()}


def folders(folder, timeout_s):
    """Declarations with a short timeout, and Acme's; the migrations with Acme's behind them."""
    migrations = folder / "migrations"
    migrations.mkdir()
    found = sorted((ROOT / "schemas" / "migrations").glob("*.sql"))
    for path in found:
        shutil.copy(path, migrations)
    shutil.copy(UNSEEN / "acme.sql", migrations / f"{len(found) + 1:04d}_acme.sql")

    def short(_, text):
        text = re.sub(r"\bsize = \d+;", f"size = {SIZE};", text)
        text = text.replace('kind = "oauth2";', f'kind = "oauth2"; timeout_s = {timeout_s};')
        return re.sub(r'^( +table = "\w+";)', rf"\1 timeout_s = {timeout_s};", text, flags=re.MULTILINE)
    made = declarations(folder / "providers", short)
    (made / "acme.cfg").write_text(short("acme", (UNSEEN / "acme.cfg").read_text()))
    assert all("timeout_s" in path.read_text() for path in made.glob("*.cfg")) and DECLARATIONS.exists()
    return made, migrations


class Stage:
    """A fleet with every simulated provider, small pages and short timeouts."""

    def __init__(self, fleet, folder, timeout_s):
        self.fleet = fleet
        self.declared, migrations = folders(folder, timeout_s)
        fleet.ctl("migrate", "up", f"--migrations={migrations}")
        fleet.topics.create(*(topic for topic in topics_of(self.declared) if "acme" in topic))

    def connect(self, provider, accounts, **settings):
        """Makes the accounts and connects them: connection ids, in the same order."""
        own = PROVIDERS[provider]
        for account in accounts:
            self.fleet.simulator.account(account, **{"records": {own.resource: own.records}, **settings})
        return self.fleet.ctl.connections([{"tenant": self.fleet.tenant.name, "provider": provider, "external_id": account,
                                            **own.secret(account)} for account in accounts])

    def sync(self, connection, provider, mode="full"):
        """Asks for a sync; None when the connection has to be authorised again."""
        answer = self.fleet.api("POST", "/v1/syncs", {
            "provider": provider, "connection_id": connection, "resources": [PROVIDERS[provider].resource], "mode": mode})
        assert answer.status == 202 or (answer.status, answer.body["code"]) == (409, "connection_reauthorize"), answer
        return answer.body["sync_id"] if answer.status == 202 else None

    def completed(self, connection, provider, mode="full"):
        sync = self.sync(connection, provider, mode)
        self.fleet.wait_for_sync(sync, 60, state="completed")
        return sync

    def rows(self, connection, provider):
        return self.fleet.rows(connection, provider, PROVIDERS[provider].resource)

    def served(self, account, provider):
        return self.fleet.simulator.rows(account, PROVIDERS[provider].resource, provider)

    def differs(self, connection, account, provider):
        """What is stored and not served, and what is served and not stored: whole records where a payload is kept, else ids."""
        stored, served = self.rows(connection, provider), self.served(account, provider)
        if not stored or "payload" not in stored[0]:
            return ids(stored) - ids(served), ids(served) - ids(stored)
        have, want = {canonical(row["payload"]) for row in stored}, set(map(canonical, served))
        return have - want, want - have


def ids(rows):
    return {row.get("sku") or row["id"] for row in rows}
