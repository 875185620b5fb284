# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP requests: one at a time, conditional, resumable and bounded; failures become errors with a hint."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from smedoit import __version__
from smedoit.config.network import MIB, NetworkSettings
from smedoit.errors import NetworkError, format_size
from smedoit.fetch import http, pace, response
from smedoit.fetch.cache import CachedResponse, DownloadCache, matches_cached
from smedoit.fetch.http import ServerUnreachableError
from smedoit.fetch.response import DownloadRequest, NoResponseError, TransientError
from smedoit.runtime import digests, files, progress

if TYPE_CHECKING:
    from requests import Response, Session

T = TypeVar("T")

PART = ".smedoit-part"  # ends the name of a file that has come in part
PAGE = 4 * MIB  # what a page may have; a directory of 20,000 files needs less
PAGE_PATIENCE = 10  # times [network] timeout that a page may take in all
SNIFFED = 512  # bytes that are looked at before anything is written


@dataclass
class TransferTotals:
    """What a run has moved; seconds are those in which bytes came."""

    requests: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        asked = f"{self.requests} request{'s' if self.requests != 1 else ''}"
        if not self.bytes:
            return f"{asked}, nothing to transfer"
        speed = f" ({format_size(int(self.bytes / self.seconds))}/s)" if self.seconds > 0 else ""
        return f"{asked}, {format_size(self.bytes)} in {self.seconds:.1f} s{speed}"


@dataclass(frozen=True)
class RemoteFileInfo:
    """What a server says of a file without sending it: bytes, and when it was changed; None where it is silent."""

    size: int | None
    modified: datetime | None


@dataclass
class StreamProgress:
    """How far a file has come that is handed on and not kept.

    proof  what shows that the rest of an answer is of the same whole, "" if nothing can
    """

    take: Callable[[bytes], object]
    size: int = 0
    proof: str = ""


class Fetcher:
    """One polite visitor.

    memory    what makes the next request conditional
    patience  seconds before the second try of a request; each further one waits twice as long
    """

    def __init__(self, network: NetworkSettings, memory: DownloadCache, patience: float = 1.0) -> None:
        self.network = network
        self.memory = memory
        self.patience = patience
        self.totals = TransferTotals()
        self.last: dict[str, float] = {}  # host -> when we last left it
        self.elsewhere: set[str] = set()  # hosts that we were sent on to
        self.session: Session | None = None

    def file(self, want: DownloadRequest, target: Path, *held: Path) -> Path:
        """Return the file that has what want means: one of held if the server has nothing newer, else target.

        held  files that may be what the server gave last; they are never touched

        A transfer that broke off goes on where it stopped, if the server can prove that
        nothing has changed. Raises NetworkError, FileError; target then stays as it was.
        """
        known = self.memory.of(want.url)
        current = next((path for path in (target, *held) if matches_cached(known, path)), None)
        came = self.tried(want.url, want.purpose, lambda: self.file_once(want, target, current is not None))
        if came or current is None:
            return target
        progress.log_line(f"{want.url}: not changed")
        return current

    def file_once(self, want: DownloadRequest, target: Path, conditional: bool) -> bool:
        """Try once; return whether a new file came. Raises TransientError, NetworkError, FileError."""
        part, known = target.with_name(target.name + PART), self.memory.of(want.url)
        start = _size_on_disk(part) if known.part or want.sha256 else 0
        conditional = conditional and not start
        headers = known.conditions() if conditional else _range_headers(start, known.part)
        with self.visit("GET", want.url, want.purpose, headers) as answer:
            if answer.status_code == 304 and conditional:
                return False
            first = self.first_byte(answer, start, want, part)
            blocks = self.checked(answer, want, first)
            self.memory.learn(want.url, replace(known, part=response.resume_validator(answer)))
            self.receive(blocks, part, first, response.total_size(answer))
            learned = replace(response.cache_validators(answer), sha256=self.approved(want, part, resumed=first > 0))
        if conditional and learned.sha256 == known.sha256:  # a server without validators cannot say so itself
            files.remove_file(part)
            self.memory.learn(want.url, replace(known, part=""))
            return False
        self.take(want, part, target, learned)
        return True

    def first_byte(self, answer: Response, asked: int, want: DownloadRequest, part: Path) -> int:
        """Return where the body of an answer starts; a part that it does not continue is removed.

        That comes before the memory learns a validator, which would not be the part's.
        """
        try:
            first = response.range_start(answer, asked, want)
        except TransientError:
            files.remove_file(part)
            raise
        if not first:
            files.remove_file(part)
        return first

    def checked(self, answer: Response, want: DownloadRequest, start: int) -> Iterator[bytes]:
        """Return the blocks of a body after looking at what is declared of it, and at its first bytes."""
        limit = want.limit or self.network.limit * MIB
        total = response.total_size(answer)
        if want.size is not None and total is not None and total != want.size:
            raise NetworkError(
                f"{want.url}: the server reports {total} bytes, expected {want.size}",
                hint="it is another file than the one that was pinned; if that is right, run doit pin_boot_set",
            )
        if total is not None and total > limit:
            raise response.size_limit_error(want, limit)
        blocks = response.read_body(answer, start, limit, want)
        first = next(blocks, b"")
        if not start and not want.page and http.is_html_page(answer.headers.get("Content-Type", ""), first[:SNIFFED]):
            raise NetworkError(
                f"{want.url}: is a web page and not the file that was promised",
                hint="open it in a browser: a portal, a login or a parked domain may have taken its place",
            )
        return itertools.chain((first,), blocks)

    def receive(self, blocks: Iterator[bytes], part: Path, start: int, total: int | None) -> None:
        """Append what comes to part, and count it; total is the size of the whole where it is known."""
        began, size = time.monotonic(), start
        try:
            with (
                files.wrap_os_errors(part, "written"),
                _open_part(part, start) as file,
                progress.track_transfer(part.name.removesuffix(PART), total, start) as advance,
            ):
                for block in blocks:
                    file.write(block)
                    size += len(block)
                    advance(len(block))
        finally:
            self.totals.bytes += size - start
            self.totals.seconds += time.monotonic() - began

    def approved(self, want: DownloadRequest, part: Path, resumed: bool) -> str:
        """Return the SHA-256 of a complete part, if it is what it must be; what is not is removed."""
        found, size = digests.sha256_file(part), _size_on_disk(part)
        if want.size in (None, size) and want.sha256 in ("", found):
            return found
        files.remove_file(part)
        self.memory.forget(want.url)
        if resumed:
            raise TransientError("the two halves of a transfer that broke off do not fit together", 0)
        raise NetworkError(
            f"{want.url}: is not the file that was pinned: expected {want.size} bytes, sha256 {want.sha256},"
            f" found {size} bytes, sha256 {found}",
            hint="if upstream has changed it on purpose, run doit pin_boot_set and look at the difference",
        )

    def take(self, want: DownloadRequest, part: Path, target: Path, learned: CachedResponse) -> None:
        """Make an approved part the file, and remember it."""
        with files.wrap_os_errors(target, "written"):
            files.rename_into_place(part, target)
            stamp = files.stamp_file(target)
        self.memory.learn(want.url, replace(learned, stamp=tuple(stamp)))
        self.totals.files += 1
        progress.log_line(f"{want.url}: {format_size(stamp.size)}, sha256 {learned.sha256}")

    def stream(self, want: DownloadRequest, begin: Callable[[], Callable[[bytes], object]]) -> int:
        """Hand a file on as it comes, and keep nothing of it; return its bytes.

        begin  called whenever it comes from its first byte; returns what takes the blocks

        A transfer that broke off goes on where it stopped, if the server can prove that nothing has changed, and
        else begins anew. Raises NetworkError.
        """
        coming = StreamProgress(begin())
        self.tried(want.url, want.purpose, lambda: self.stream_once(want, coming, begin))
        return coming.size

    def stream_once(
        self, want: DownloadRequest, coming: StreamProgress, begin: Callable[[], Callable[[bytes], object]]
    ) -> None:
        """Try once, from where coming stands. Raises TransientError, NetworkError."""
        began, start = time.monotonic(), coming.size
        asked = coming.size if coming.proof else 0
        try:
            with self.visit("GET", want.url, want.purpose, _range_headers(asked, coming.proof)) as answer:
                try:
                    first = response.range_start(answer, asked, want)
                except TransientError:
                    coming.proof = ""
                    raise
                if first == 0 and coming.size:
                    coming.take, coming.size, start = begin(), 0, 0
                coming.proof = response.resume_validator(answer)
                for block in self.checked(answer, want, first):
                    coming.take(block)
                    coming.size += len(block)
        finally:
            self.totals.bytes += coming.size - start
            self.totals.seconds += time.monotonic() - began
        self.totals.files += 1

    def page(self, url: str, purpose: str) -> str:
        """Return the text of a page. Raises NetworkError."""
        return self.tried(url, purpose, lambda: self.page_once(url, purpose))

    def page_once(self, url: str, purpose: str) -> str:
        """Try once; a page that came again as it was leaves the memory as it is."""
        known = self.memory.of(url)
        with self.visit("GET", url, purpose, known.conditions() if known.text else {}) as answer:
            if answer.status_code == 304 and known.text:
                return known.text
            data, began = b"", time.monotonic()
            for block in response.read_body(answer, 0, PAGE, DownloadRequest(url, purpose)):
                data += block
                if time.monotonic() - began > PAGE_PATIENCE * self.network.timeout:
                    raise TransientError(f"only {len(data)} bytes came in {time.monotonic() - began:.0f} seconds")
            text = data.decode("utf-8", "replace")
            if text != known.text:
                self.memory.learn(url, replace(response.cache_validators(answer), text=text))
            self.totals.bytes += len(data)
            progress.log_line(f"{url}: a page of {format_size(len(data))}")
        return text

    def about(self, url: str, purpose: str) -> RemoteFileInfo:
        """Return what a server says of a file; Apache says nothing of an empty one until it sends it.

        Raises NetworkError.
        """
        answer = self.tried(url, purpose, lambda: self.about_once("HEAD", url, purpose))
        return (
            answer
            if answer.size is not None
            else self.tried(url, purpose, lambda: self.about_once("GET", url, purpose))
        )

    def about_once(self, method: str, url: str, purpose: str) -> RemoteFileInfo:
        """Try once. Raises TransientError, NetworkError."""
        with self.visit(method, url, purpose, {}) as answer:
            return RemoteFileInfo(
                response.content_length(answer), response.parse_http_date(answer.headers.get("Last-Modified", ""))
            )

    def tried(self, url: str, purpose: str, once: Callable[[], T]) -> T:
        """Return what once returns, trying again after passing faults. Raises NetworkError when it stays one."""
        for number in range(1, self.network.tries + 1):
            try:
                return once()
            except TransientError as fault:
                if number == self.network.tries or (fault.wait or 0) > http.LONGEST_WAIT:
                    raise _retries_exhausted(url, purpose, fault, number) from None
                wait = self.patience * 2 ** (number - 1) if fault.wait is None else fault.wait
                progress.log_line(f"{url}: {fault.reason}; once more in {wait:.0f} s")
                time.sleep(wait)
        raise AssertionError("unreachable: [network] tries is at least 1")

    @contextmanager
    def visit(self, method: str, url: str, purpose: str, headers: Mapping[str, str]) -> Iterator[Response]:
        """Yield the answer of a request, redirects followed; its status is one of success, or 304.

        Raises TransientError, NetworkError.
        """
        if self.network.offline:
            raise NetworkError(
                f"{url}: is needed for {purpose}, but this run is offline",
                hint="run doit without offline=1, and without offline = true in release.toml, or put the file in place",
            )
        seen = [url]
        while True:
            with self.asked(method, seen[-1], headers) as answer:
                if answer.status_code not in http.MOVED:
                    self.judge(answer, url, purpose)
                    yield answer
                    return
                seen.append(http.redirect_target(seen, answer.headers.get("Location", "")))
                self.elsewhere |= {urlsplit(seen[-1]).netloc} - {urlsplit(url).netloc}
                progress.log_line(f"{url}: redirected to {seen[-1]}")

    @contextmanager
    def asked(self, method: str, url: str, headers: Mapping[str, str]) -> Iterator[Response]:
        """Yield the answer of one request, made when its host has had its pause."""
        host = urlsplit(url).netloc
        if host in self.last:
            time.sleep(max(0.0, self.last[host] + self.network.delay - time.monotonic()))
        self.totals.requests += 1
        answer = self.request(method, url, headers)
        try:
            yield answer
        finally:
            answer.close()
            self.last[host] = time.monotonic()

    def request(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        """Make one request. Raises TransientError, NetworkError."""
        import requests

        self.session = self.session or _new_session(self.network.timeout)
        try:
            return self.session.request(
                method, url, headers=dict(headers), stream=True, allow_redirects=False,
                timeout=(self.network.timeout, self.network.timeout),
            )  # fmt: skip
        except (requests.RequestException, OSError, ValueError) as error:
            raise response.translate_error(error, url, self.network.timeout) from None

    def judge(self, answer: Response, url: str, purpose: str) -> None:
        """Raise TransientError or NetworkError unless an answer is one of success, or says that nothing has changed."""
        code = answer.status_code
        if code in http.PASSING:
            wait = http.parse_retry_after(answer.headers.get("Retry-After", ""), datetime.now(timezone.utc))
            raise TransientError(f"the server answers {http.status_text(code)}", wait)
        if code not in (200, 206, 304, 416):
            raise http.http_status_error(url, purpose, code)


def _new_session(patience: float) -> Session:
    """Return a session of requests that introduces us, wants nothing packed, and leaves every redirect to us."""
    import requests

    session = requests.Session()
    pace.mount_pace(session, patience)
    session.headers.update({"User-Agent": f"smedoit/{__version__}", "Accept-Encoding": "identity"})
    session.resolve_redirects = lambda *_args, **_more: iter(())  # type: ignore[method-assign]
    return session


def _retries_exhausted(url: str, purpose: str, fault: TransientError, tries: int) -> NetworkError:
    """Return the error for a fault that did not pass."""
    if (fault.wait or 0) > http.LONGEST_WAIT:
        return ServerUnreachableError(
            f"{url}: {fault.reason} and asks to be left alone for {fault.wait:.0f} seconds ({purpose})",
            hint="run doit again later; fetched files are kept",
        )
    kind = ServerUnreachableError if isinstance(fault, NoResponseError) else NetworkError
    times = f", {tries} times" if tries > 1 else ""
    return kind(
        f"{url}: {fault.reason}{times} ({purpose})",
        hint="run doit again later; fetched and partial files are kept",
    )


def _range_headers(start: int, proof: str) -> dict[str, str]:
    """Return the headers that ask for what is missing behind start, or for all if the whole has changed."""
    if not start:
        return {}
    return {"Range": f"bytes={start}-", **({"If-Range": proof} if proof else {})}


def _size_on_disk(path: Path) -> int:
    """Return the size of a file, 0 if it is not there."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


@contextmanager
def _open_part(part: Path, start: int) -> Iterator[IO[bytes]]:
    """Yield part, open at start, which is its end or its beginning; never through a link. Raises OSError."""
    part.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, 0o644), "wb") as file:
        file.truncate(start)
        file.seek(start)
        yield file
