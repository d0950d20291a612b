# SPDX-License-Identifier: Apache-2.0
"""A real authorisation server, Django OAuth Toolkit, with one user and one client, and an API of contacts behind it.

    authorisation_server.py FOLDER REDIRECT_URI [NAME=VALUE of its settings...]

Prints "listening HOST:PORT". PKCE is required, refresh tokens rotate, and one that was spent ends its whole family.
"""
import json
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

sys.path.append(str(Path(__file__).resolve().parents[3] / ".fleet" / "python"))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

USER, PASSWORD, CLIENT, SECRET = "ada", "a password", "the-fleet", "a client secret & more"
CONTACTS, PAGE = 250, 100
FORM = """<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="%s">
<input name="username"><input name="password" type="password"><input type="submit" value="Log in"></form>"""


def configure(folder, values):
    settings.configure(
        SECRET_KEY="for tests only", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, LOGIN_URL="/login", USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", LOGGING_CONFIG=None,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(folder) / "authorisation.sqlite"),
                               "OPTIONS": {"timeout": 20}}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        OAUTH2_PROVIDER={"SCOPES": {"contacts": "Your contacts", "profile": "Who you are"}, "PKCE_REQUIRED": True,
                         "ROTATE_REFRESH_TOKEN": True, "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
                         "REFRESH_TOKEN_REUSE_PROTECTION": True, **values})
    django.setup()


def populate(redirect_uri):
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application
    call_command("migrate", verbosity=0)
    user = User.objects.create_user(USER, password=PASSWORD)
    Application.objects.create(user=user, client_id=CLIENT, client_secret=SECRET, client_type="confidential", name="Sync Fleet",
                               authorization_grant_type="authorization-code", redirect_uris=redirect_uri)


def log_in(request):
    from django.contrib.auth import authenticate, login
    from django.http import HttpResponse, HttpResponseRedirect
    from django.middleware.csrf import get_token
    if request.method == "GET":
        return HttpResponse(FORM % get_token(request))
    user = authenticate(request, username=request.POST["username"], password=request.POST["password"])
    if not user:
        return HttpResponse("wrong", status=403)
    login(request, user)
    return HttpResponseRedirect(request.GET["next"])


def protected(scope, answer):
    from django.http import HttpResponse, JsonResponse
    from oauth2_provider.oauth2_backends import get_oauthlib_core

    def view(request):
        good, verified = get_oauthlib_core().verify_request(request, scopes=[scope])
        if not good:
            return HttpResponse('{"error": "invalid_token"}', status=401, content_type="application/json")
        return JsonResponse(answer(request, verified.user))
    return view


def who(_request, user):
    return {"sub": f"user-{user.pk}", "name": user.get_username()}


def contacts(request, user):
    first = int(request.GET.get("cursor") or 0)
    return {"data": [{"id": f"{n:04d}", "name": f"{user.get_username()}'s contact {n}"}
                     for n in range(first, min(first + PAGE, CONTACTS))],
            "next_cursor": str(first + PAGE) if first + PAGE < CONTACTS else None}


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *message):
        """The path only: queries have codes."""
        print(self.command, self.path.partition("?")[0], message[2], flush=True)


def main():
    folder, redirect_uri, *values = sys.argv[1:]
    configure(folder, {name: json.loads(value) for name, _, value in (text.partition("=") for text in values)})
    populate(redirect_uri)
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path
    globals()["urlpatterns"] = [path("login", log_in), path("userinfo", protected("profile", who)),
                                path("api/contacts", protected("contacts", contacts)), path("o/", include("oauth2_provider.urls"))]
    server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler)
    print(f"listening 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
