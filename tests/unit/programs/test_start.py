# SPDX-License-Identifier: Apache-2.0
"""How the programs begin: exit codes and what they say of wrong settings, without any server."""
import base64
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[3]
BUILD = pathlib.Path(os.environ.get("PROGRAMS", ROOT / "build" / "dev"))
PROGRAMS = {"sync-worker": BUILD / "worker" / "sync-worker", "sync-producer": BUILD / "producer" / "sync-producer"}
OK, USAGE, BAD_SETTING = 0, 2, 78
PASSWORD = "canary-password"
SETTINGS = {
    "SYNCFLEET_DATABASE__URL": f"postgresql://fleet:{PASSWORD}@127.0.0.1:1/fleet",
    "SYNCFLEET_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "SYNCFLEET_PROVIDERS__DIR": str(ROOT / "common" / "providers"),
    "SYNCFLEET_CRYPTO__KEYS": "k1:" + base64.b64encode(bytes(32)).decode(),
}


@pytest.fixture(params=PROGRAMS)
def program(request):
    return request.param


def run(name, *args, **settings):
    """Exit code and what was printed; `settings` replace the good ones, None removes one."""
    given = {**SETTINGS, **settings}
    env = {key: value for key, value in {**os.environ, **given}.items() if value is not None}
    ended = subprocess.run([PROGRAMS[name], *args], env=env, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_good_settings(program):
    assert run(program, "--check-config") == (OK, "")


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["--help-config"]])
def test_asking(program, args):
    code, said = run(program, *args, SYNCFLEET_DATABASE__URL=None)
    assert code == OK and said.strip()


def test_wrong_flag(program):
    code, said = run(program, "--no-such-flag")
    assert code == USAGE and "no-such-flag" in said


@pytest.mark.parametrize("args", [["--check-config"], []])
@pytest.mark.parametrize("url", [
    f"postgresql://fleet:{PASSWORD}@[::1/fleet",
    f"postgresql://fleet:{PASSWORD}@host/fleet?no_such_parameter=1",
    f"host=h password={PASSWORD} no_such_parameter=1",
    f"mysql://fleet:{PASSWORD}@host/fleet",
    f"password='{PASSWORD}",
])
def test_wrong_database_url(program, url, args):
    code, said = run(program, *args, SYNCFLEET_DATABASE__URL=url)
    assert code == BAD_SETTING
    assert "database.url" in said and PASSWORD not in said and "no_such_parameter" not in said


@pytest.mark.parametrize("name, value, word", [
    ("SYNCFLEET_DATABASE__URL", None, "database.url"),
    ("SYNCFLEET_LOG__LEVEL", "loud", "log.level"),
    ("SYNCFLEET_CONFIG", str(ROOT / "no-such.cfg"), "no-such.cfg"),
    ("SYNCFLEET_PROVIDERS__DIR", str(ROOT / "schemas"), "no declaration"),
    ("SYNCFLEET_PROVIDERS__DIR", str(ROOT / "no-such-folder"), "no-such-folder"),
])
def test_wrong_setting(program, name, value, word):
    code, said = run(program, "--check-config", **{name: value})
    assert code == BAD_SETTING and word in said


def test_unknown_key_of_the_file(program, tmp_path):
    path = tmp_path / "settings.cfg"
    path.write_text('log:\n{\n  level = "info";\n  levle = "info";\n};\n')
    code, said = run(program, "--check-config", "--config", str(path))
    assert code == BAD_SETTING and f"{path}:4" in said and "log.levle" in said


@pytest.mark.parametrize("keys", ["", "k1", "k1:short", f"{PASSWORD}:AAAA"])
def test_wrong_crypto_keys(program, keys):
    code, said = run(program, "--check-config", SYNCFLEET_CRYPTO__KEYS=keys)
    assert code == BAD_SETTING and "crypto.keys" in said


@pytest.mark.parametrize("origins", ["acme", "acme=ftp://host", "=https://host", "acme=https://host/", ","])
def test_wrong_origins(program, origins):
    code, said = run(program, "--check-config", SYNCFLEET_PROVIDERS__ORIGINS=origins)
    assert code == BAD_SETTING and "providers.origins" in said


CONNECTING = {"SYNCFLEET_OAUTH__CLIENTS": "zoho=1000.X:s", "SYNCFLEET_OAUTH__STATE_KEY": PASSWORD * 3,
              "SYNCFLEET_OAUTH__REDIRECT_URI": "https://fleet.example/v1/oauth/callback",
              "SYNCFLEET_OAUTH__RETURN_TO": "https://app.example/done, http://localhost:3000"}


def test_good_oauth_settings():
    assert run("sync-producer", "--check-config", **CONNECTING) == (OK, "")


@pytest.mark.parametrize("name, value", [
    ("CLIENTS", "zoho"), ("CLIENTS", "zoho=:secret"), ("CLIENTS", "nobody=id:secret"), ("CLIENTS", "bench=id:secret"),
    ("STATE_KEY", PASSWORD), ("STATE_KEY", None), ("REDIRECT_URI", None), ("REDIRECT_URI", "fleet.example"),
    ("RETURN_TO", "app.example"), ("RETURN_TO", "https://app.example,javascript:alert(1)"),
])
def test_wrong_oauth_setting(name, value):
    code, said = run("sync-producer", "--check-config", **{**CONNECTING, f"SYNCFLEET_OAUTH__{name}": value})
    assert code == BAD_SETTING and "oauth." in said and PASSWORD not in said
