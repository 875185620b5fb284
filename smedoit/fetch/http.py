# SPDX-License-Identifier: GPL-3.0-or-later
"""How we behave on the network, and what its answers mean: addresses, redirects, status codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from urllib.parse import urljoin, urlsplit

from smedoit.errors import NetworkError
from smedoit.runtime import foreign

REDIRECTS = 5  # more than any honest server needs
LONGEST_WAIT = 120  # seconds that we let a server keep us waiting with Retry-After
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that another try may change
MOVED = (301, 302, 303, 307, 308)
HTML = ("text/html", "application/xhtml+xml")
HINTS = {
    401: "put the name and password for that host into ~/.netrc",
    403: "the server may have put this machine on its blacklist: wait, raise [network] delay, or ask those who run it",
    404: "correct the URL in release.toml; existing files are kept",
    410: "correct the URL in release.toml; existing files are kept",
    429: "too many requests: raise [network] delay, then run doit again; fetched files are kept",
}


class HttpStatusError(NetworkError):
    """The server is there, but does not give this address; code is its status."""

    def __init__(self, problem: str, code: int, *, hint: str = "") -> None:
        super().__init__(problem, hint=hint)
        self.code = code

    @property
    def is_absent(self) -> bool:
        """Whether there is no such file; stores of objects answer 403 for it, too."""
        return self.code in (403, 404, 410)


class ServerUnreachableError(NetworkError):
    """The server gives nothing at all, whatever is asked for."""


def redirect_target(seen: Sequence[str], location: str) -> str:
    """Return where a redirect leads. Raises NetworkError if it must not be followed.

    seen      the addresses asked so far, the one that redirects last
    location  its Location header
    """
    here = seen[-1]
    try:
        there = urljoin(here, location)
        parts = urlsplit(there)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not location or not good:
        raise NetworkError(f"{here}: redirects to {location!r}, which is no address of http or https")
    if here.startswith("https:") and parts.scheme != "https":
        raise NetworkError(
            f"{here}: redirects from https to {there}, where anybody could change what we fetch",
            hint="use an address in release.toml that stays on https",
        )
    if there in seen:
        raise NetworkError(
            f"{seen[0]}: redirect loop, back to {there}", hint="report it to the server's administrators"
        )
    if len(seen) > REDIRECTS:
        raise NetworkError(f"{seen[0]}: redirects more than {REDIRECTS} times, last to {there}")
    return there


def parse_retry_after(value: str, now: datetime) -> float | None:
    """Return how many seconds a Retry-After header asks for, None if it says nothing that can be read."""
    from email.utils import parsedate_to_datetime  # here: every doit reads the settings above

    if (seconds := foreign.parse_decimal(value)) is not None:
        return float(seconds)
    try:
        when = parsedate_to_datetime(value)
        when = when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when
        return max(0.0, (when - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def status_text(code: int) -> str:
    """Return a status code as people read it: "404 Not Found"."""
    from http import HTTPStatus

    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def http_status_error(url: str, purpose: str, code: int) -> HttpStatusError:
    """Return the error for a status that no further try will change."""
    return HttpStatusError(f"{url}: the server answers {status_text(code)} ({purpose})", code, hint=HINTS.get(code, ""))


def is_html_page(content_type: str, start: bytes) -> bool:
    """Return whether an answer is a page for people: by its header, or by its first bytes."""
    head = start.lstrip().lower()
    return content_type.partition(";")[0].strip().lower() in HTML or head.startswith((b"<!doctype html", b"<html"))


def if_range_validator(etag: str, modified: str, date: str) -> str:
    """Return the validator that proves a partial file to be part of the same whole, "" if there is none.

    A weak ETag is none, and Last-Modified is one only if the answer came at least a second
    later: until then the file may have changed twice. Source: RFC 9110, 8.8.2.2 and 13.1.5.
    """
    from email.utils import parsedate_to_datetime

    if etag and not etag.startswith("W/"):
        return etag
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (ValueError, TypeError, OverflowError):
        return ""
    return modified if age.total_seconds() >= 1 else ""


def parse_content_range(value: str) -> tuple[int, int | None]:
    """Return (first byte, size of the whole or None) of a Content-Range header. Raises ValueError."""
    unit, _, rest = value.strip().partition(" ")
    span, _, total = rest.partition("/")
    first, whole = foreign.parse_decimal(span.partition("-")[0]), foreign.parse_decimal(total)
    if unit != "bytes" or first is None or (whole is None and total != "*"):
        raise ValueError(value)
    return first, whole
