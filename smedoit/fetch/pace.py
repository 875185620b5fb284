# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that lose patience: a server that sends a byte now and then is as good as silent.

The timeout of a socket begins anew with each byte, so one byte a second would keep us for ever. Here the time spent
waiting is held against what came, for the head of an answer as for its body. What we do ourselves in between, and
how slow our disk is, does not count.
"""

from __future__ import annotations

import io
import time
from typing import Any

SLOWEST = 1024  # bytes a second that any line brings


class PacedReader(io.RawIOBase):
    """The bytes of one answer, as they come from a socket.

    patience  seconds of waiting after which what came must have been enough
    """

    def __init__(self, sock: Any, patience: float) -> None:
        super().__init__()
        self._sock, self._patience = sock, patience
        self._waited, self._came = 0.0, 0

    def readable(self) -> bool:
        """Return True: that is what it is for."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is. Raises TimeoutError for silence, and for a pace that comes near it."""
        began = time.monotonic()
        count = int(self._sock.recv_into(buffer))
        self._waited += time.monotonic() - began
        self._came += count
        if self._waited >= self._patience:
            if count and self._came < SLOWEST * self._waited:
                raise TimeoutError(f"timed out: {self._came} bytes in {self._waited:.0f} seconds")
            self._waited, self._came = 0.0, 0
        return count


class PacedSocket:
    """A socket whose answers are read by a PacedReader; in all else it is the socket."""

    def __init__(self, sock: Any, patience: float) -> None:
        self._sock, self._patience = sock, patience

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, *_mode: object, **_options: object) -> Any:
        """Return the next answer as a file. The socket stays open as long as the file, as http.client expects it."""
        kept = self._sock.makefile("rb", buffering=0)
        reader = io.BufferedReader(PacedReader(self._sock, self._patience))
        reader_close = reader.close

        def close() -> None:
            reader_close()
            kept.close()

        reader.close = close  # type: ignore[method-assign]
        return reader


def mount_pace(session: Any, patience: float) -> None:
    """Let all connections of a session of requests lose patience."""
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

    pools = {
        scheme: type("PacedPool", (pool,), {"ConnectionCls": _paced_connection(pool.ConnectionCls, patience)})
        for scheme, pool in (("http", HTTPConnectionPool), ("https", HTTPSConnectionPool))
    }

    class PacedAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            manager = super().proxy_manager_for(*args, **options)
            manager.pool_classes_by_scheme = pools
            return manager

    for scheme in ("http://", "https://"):
        session.mount(scheme, PacedAdapter())


def _paced_connection(connection: Any, patience: float) -> Any:
    """Return a kind of connection whose socket is paced."""

    class PacedConnection(connection):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            self.sock: Any = PacedSocket(self.sock, patience)

    return PacedConnection
