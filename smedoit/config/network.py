"""The [network] table: how we behave towards the servers of others."""

from __future__ import annotations

from smedoit.config.schema import SettingsTable, require_value

MIB = 1 << 20


class NetworkSettings(SettingsTable):
    """The [network] table.

    offline  any use of the network is an error; `doit offline=1` says the same for one run
    timeout  seconds without a single byte after which a server counts as silent
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
