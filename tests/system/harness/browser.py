# SPDX-License-Identifier: Apache-2.0
"""A person's browser: one request at a time, cookies, and redirects that the test follows or looks at."""
import html
import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass


@dataclass
class Page:
    """What a server answered; `to` is where it leads."""
    url: str
    status: int
    to: str
    text: str

    @property
    def query(self):
        """The parameters of where it leads."""
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.to).query))

    def form(self):
        """The fields of the page's form that have a value already."""
        fields = (dict(re.findall(r'(name|value)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", self.text))
        return {field["name"]: html.unescape(field.get("value", "")) for field in fields if "name" in field}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(_Stay, urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, url):
        return self._open(urllib.request.Request(url))

    def post(self, url, fields):
        return self._open(urllib.request.Request(url, urllib.parse.urlencode(fields).encode(), {"Referer": url}))

    def follow(self, page, until):
        """Goes where it leads until that begins with `until`, where nobody may be listening."""
        while page.to and not page.to.startswith(until):
            page = self.get(page.to)
        return page

    def _open(self, request):
        try:
            with self.opener.open(request, timeout=20) as response:
                return self._page(request, response)
        except urllib.error.HTTPError as error:
            return self._page(request, error)

    def _page(self, request, response):
        location = response.headers.get("Location")
        return Page(request.full_url, response.status, location and urllib.parse.urljoin(request.full_url, location),
                    response.read().decode(errors="replace"))
