# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP response: its headers, its body block by block, and its failures as errors with a hint."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from smedoit.errors import NetworkError, format_size, os_error_text
from smedoit.fetch import http
from smedoit.fetch.cache import CachedResponse
from smedoit.fetch.http import ServerUnreachableError
from smedoit.runtime import foreign, progress

if TYPE_CHECKING:
    from requests import Response


BLOCK = 16384  # bytes that are read at once; what a reset takes with it is less


class TransientError(Exception):
    """A fault that another try may not meet.

    wait  seconds that the server asks to be left alone, None if it says nothing
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.wait = reason, wait


class NoResponseError(TransientError):
    """A host that says nothing at all: asking it for another file is of little use."""


@dataclass(frozen=True)
class DownloadRequest:
    """One file from outside, and what it must be.

    purpose  what needs it, for sentences: "the boot set"
    size     in bytes, None where it was not declared
    limit    in bytes, 0 for that of [network]
    page     whether it may be a web page, which else stands for a portal or a login in its place
    """

    url: str
    purpose: str
    size: int | None = None
    sha256: str = ""
    limit: int = 0
    page: bool = False


def translate_error(error: BaseException, url: str, timeout: int) -> Exception:
    """Return what the libraries' error means: NoAnswer, or NetworkError with a sentence."""
    import requests

    causes = list(_cause_chain(error))
    system = next((cause for cause in causes if isinstance(cause, OSError) and cause.errno), None)
    if any(isinstance(cause, requests.exceptions.SSLError) for cause in causes):
        words = getattr(causes[-1], "verify_message", "") or str(causes[-1])
        return ServerUnreachableError(
            f"{url}: cannot prove that it is the server it claims to be: {words}",
            hint="if its certificate comes from a CA of your own, name the CA's file in REQUESTS_CA_BUNDLE",
        )
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return ServerUnreachableError(
            f"{url}: the proxy cannot be used: {causes[-1]}", hint="mend http_proxy, https_proxy or no_proxy"
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        host = urlsplit(url).hostname
        return ServerUnreachableError(
            f"{url}: the host {host} is not known", hint="correct the address, or mend name resolution"
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return ServerUnreachableError(
            f"{url}: the host refuses the connection", hint="correct the address, or try again later"
        )
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return NetworkError(f"{url}: is no address that can be asked, {error}", hint="correct it in release.toml")
    if _is_timeout(error):
        return NoResponseError(f"nothing came for {timeout} seconds")
    return NoResponseError(f"the connection broke off, {os_error_text(system) if system else causes[-1]}")


def _is_timeout(error: BaseException) -> bool:
    """Return whether an error means that nothing came for too long."""
    return any("timed out" in str(cause).lower() for cause in _cause_chain(error))


def _cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that it was made of, the innermost last."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = [cause for cause in (getattr(error, "reason", None), *error.args) if isinstance(cause, BaseException)]
        error = inner[0] if inner else error.__cause__ or error.__context__


def range_start(answer: Response, asked: int, want: DownloadRequest) -> int:
    """Return at which byte of the whole the body of an answer starts: where we asked for it, or at 0.

    Raises TransientError for an answer that cannot be used; the next try asks for the whole.
    """
    code = answer.status_code
    if code == 200:
        return 0
    if code == 206 and asked:
        first, _ = _parse_range(answer)
        if first == asked:
            progress.log_line(f"{want.url}: goes on at byte {asked}")
            return asked
    raise TransientError(f"the server answers {http.status_text(code)} to a question that it does not fit")


def _parse_range(answer: Response) -> tuple[int, int | None]:
    """Return (first byte, size of the whole if it is known) of a partial answer, (-1, None) if it is no such thing."""
    try:
        return http.parse_content_range(answer.headers.get("Content-Range", ""))
    except ValueError:
        return -1, None


def total_size(answer: Response) -> int | None:
    """Return how many bytes the whole file has according to the server, None if it does not say."""
    if answer.status_code == 206:
        first, whole = _parse_range(answer)
        rest = content_length(answer)
        return whole if whole is not None or rest is None else first + rest
    return content_length(answer)


def read_body(answer: Response, start: int, limit: int, want: DownloadRequest) -> Iterator[bytes]:
    """Yield the body; start is where in the whole it begins.

    Raises TransientError if it ends early, NetworkError if the whole is larger than limit bytes.
    """
    from urllib3.exceptions import HTTPError

    size, whole = start, total_size(answer)
    try:
        for block in answer.raw.stream(BLOCK, decode_content=True):
            size += len(block)
            if size > limit:
                raise size_limit_error(want, limit)
            yield block
    except (HTTPError, OSError) as error:
        received = f"{size} bytes" if whole is None else f"{size} of {whole} bytes"
        how = "fell silent" if _is_timeout(error) else "broke off"
        raise TransientError(f"the transfer {how} after {received}") from None
    if whole is not None and size != whole:
        raise TransientError(f"the transfer ended after {size} of {whole} bytes")


def size_limit_error(want: DownloadRequest, limit: int) -> NetworkError:
    """Return the error for a file that is larger than allowed."""
    return NetworkError(
        f"{want.url}: is larger than the {format_size(limit)} that it may have ({want.purpose})",
        hint="raise [network] limit in release.toml if that is right",
    )


def content_length(answer: Response) -> int | None:
    """Return how many bytes the body of an answer has by its header, None if it does not say, or packs them."""
    text = answer.headers.get("Content-Length", "")
    return None if answer.headers.get("Content-Encoding") else foreign.parse_decimal(text)


def cache_validators(answer: Response) -> CachedResponse:
    """Return the validators of an answer; without any, the server's clock serves: it may have stood still since."""
    headers = answer.headers
    etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    return CachedResponse(etag=etag, modified=modified or ("" if etag else headers.get("Date", "")))


def resume_validator(answer: Response) -> str:
    """Return what proves later that a part of this answer still is one, "" if nothing can."""
    headers = answer.headers
    if headers.get("Content-Encoding"):
        return ""
    return http.if_range_validator(headers.get("ETag", ""), headers.get("Last-Modified", ""), headers.get("Date", ""))


def parse_http_date(header: str) -> datetime | None:
    """Return the moment that a header names, None if it names none."""
    try:
        return parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return None
