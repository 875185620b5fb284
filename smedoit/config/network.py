# SPDX-License-Identifier: GPL-3.0-or-later
"""The [network] table: how we behave towards the servers of others."""

from __future__ import annotations

from urllib.parse import urlsplit

from smedoit.config.schema import SettingsTable, require_value
from smedoit.config.toml import KeyPath

MIB = 1 << 20


class NetworkSettings(SettingsTable):
    """The [network] table: how doit behaves towards other people's servers.

    Proxies, CA bundle and passwords come from the environment: https_proxy, no_proxy, REQUESTS_CA_BUNDLE, ~/.netrc.

    offline  any use of the network is an error; `doit offline=1` says the same for one run
    timeout  seconds without a byte, or with less than a KiB for each of them, after which a server counts as silent
    limit    MiB that one file may have
    delay    seconds between two requests to one host
    tries    how often a request is made before a passing fault is taken for a lasting one
    """

    offline: bool = False
    timeout: int = 60
    limit: int = 2048
    delay: int = 1
    tries: int = 5

    def __post_init__(self) -> None:
        for key in ("timeout", "limit", "tries"):
            require_value(getattr(self, key) >= 1, key, "it must be at least 1")
        require_value(self.delay >= 0, "delay", "it cannot be negative")


def is_http_url(text: str) -> bool:
    """Return whether text is an address and not a path."""
    return "://" in text


def check_url(text: str, key: str | KeyPath) -> None:
    """Refuse an address that is not one of http(s) with a host."""
    good = plain = False
    try:
        parts = urlsplit(text)
        plain = not parts.query and not parts.fragment
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        pass  # it is none
    require_value(good, key, "use an address that starts with http:// or https:// and names a host")
    require_value(plain, key, "use an address without ? and #")
