# SPDX-License-Identifier: Apache-2.0
"""Setting a fleet up: syncctl's commands and the simulator's controls."""
import json
import urllib.request

from .programs import Programs


def migrate(ledger, logs, url):
    Programs(ledger, logs).output("syncctl", "migrate", "up", settings={"database.url": url})


class Ctl:
    pass


class ProviderSimulator:
    pass
