# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to HTTP, against a server that misbehaves as it is told."""

from __future__ import annotations

import hashlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from smedoit.config.network import NetworkSettings
from smedoit.errors import FileError, NetworkError
from smedoit.fetch import client
from smedoit.fetch.cache import DownloadCache
from smedoit.fetch.client import PART, Fetcher
from smedoit.fetch.response import BLOCK, DownloadRequest
from smedoit.runtime import files, progress
from tests.harness import servers
from tests.harness.processes import CEILING
from tests.harness.servers import ScriptedServer, broken_off, redirect, served, status

DATA = bytes(range(256)) * 1024
SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = NetworkSettings(delay=0, timeout=600, tries=3)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with servers.scripted() as one:
        yield one


def fetcher(place: Path, manners: NetworkSettings = QUICK) -> Fetcher:
    """Return a visitor that remembers what the last one with the same place did."""
    return Fetcher(manners, DownloadCache(place / "memory.json"), patience=0.001)


def refusal(url: str, place: Path, manners: NetworkSettings = QUICK, **want: object) -> str:
    """Return the sentence for a file that cannot be had; nothing may lie at its place."""
    with pytest.raises(NetworkError) as caught:
        fetcher(place, manners).file(DownloadRequest(url, "the test", **want), place / "file")  # type: ignore[arg-type]
    assert not (place / "file").exists()
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


# What comes


def test_a_file_comes_whole_with_our_mode_and_nothing_beside_it(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", served(DATA))
    got = fetcher(tmp_path).file(DownloadRequest(url, "the test", len(DATA), SHA256), tmp_path / "deep/er/file")
    assert got.read_bytes() == DATA
    assert got.stat().st_mode & 0o777 == 0o644
    assert os.listdir(got.parent) == ["file"]


def test_the_server_learns_who_asks_and_that_nothing_may_be_packed(server: ScriptedServer, tmp_path: Path) -> None:
    fetcher(tmp_path).file(DownloadRequest(server.on("/file", served(DATA)), "the test"), tmp_path / "file")
    headers = server.asked[0].headers
    assert headers["user-agent"].startswith("smedoit/")
    assert headers["accept-encoding"] == "identity"


def test_what_has_not_changed_is_asked_for_but_does_not_come_again(server: ScriptedServer, tmp_path: Path) -> None:
    want = DownloadRequest(server.on("/file", served(DATA)), "the test")
    fetcher(tmp_path).file(want, tmp_path / "file")
    before = {path: files.stamp_file(path) for path in tmp_path.iterdir()}
    again = fetcher(tmp_path)
    assert again.file(want, tmp_path / "file") == tmp_path / "file"
    assert (again.totals.bytes, server.asked[-1].is_conditional) == (0, True)
    assert {path: files.stamp_file(path) for path in tmp_path.iterdir()} == before


def test_a_server_without_validators_is_asked_by_its_clock_and_what_came_again_is_not_written(
    server: ScriptedServer, tmp_path: Path
) -> None:
    want = DownloadRequest(server.on("/file", served(DATA, tagged=False)), "the test")
    fetcher(tmp_path).file(want, tmp_path / "held")
    before = {path: files.stamp_file(path) for path in tmp_path.iterdir()}
    assert fetcher(tmp_path).file(want, tmp_path / "new", tmp_path / "held") == tmp_path / "held"
    assert "if-modified-since" in server.asked[-1].headers
    assert {path: files.stamp_file(path) for path in tmp_path.iterdir()} == before


def test_a_file_kept_elsewhere_is_held_against_the_server_and_stays(server: ScriptedServer, tmp_path: Path) -> None:
    want = DownloadRequest(server.on("/file", served(DATA)), "the test")
    fetcher(tmp_path).file(want, tmp_path / "held")
    assert fetcher(tmp_path).file(want, tmp_path / "new", tmp_path / "held") == tmp_path / "held"
    assert not (tmp_path / "new").exists()


def test_a_copy_that_somebody_edited_comes_again(server: ScriptedServer, tmp_path: Path) -> None:
    want = DownloadRequest(server.on("/file", served(DATA)), "the test")
    fetcher(tmp_path).file(want, tmp_path / "file")
    (tmp_path / "file").write_bytes(b"edited")
    assert fetcher(tmp_path).file(want, tmp_path / "file").read_bytes() == DATA
    assert not server.asked[-1].is_conditional


def test_what_has_changed_comes(server: ScriptedServer, tmp_path: Path) -> None:
    want = DownloadRequest(server.on("/file", served(DATA), served(b"newer")), "the test")
    fetcher(tmp_path).file(want, tmp_path / "file")
    assert fetcher(tmp_path).file(want, tmp_path / "file").read_bytes() == b"newer"


def test_a_damaged_memory_costs_a_transfer_only(server: ScriptedServer, tmp_path: Path) -> None:
    want = DownloadRequest(server.on("/file", served(DATA)), "the test")
    for text in ("", "{", "[]", '{"x": 1}', f'{{"{want.url}": {{"etag": 1, "color": "blue"}}}}'):
        (tmp_path / "memory.json").write_text(text)
        assert fetcher(tmp_path).file(want, tmp_path / "file").read_bytes() == DATA


def test_a_server_that_says_unchanged_unasked_is_not_believed(server: ScriptedServer, tmp_path: Path) -> None:
    assert "304" in refusal(server.on("/file", status(304)), tmp_path)


def test_a_page_that_has_not_changed_is_remembered(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/", served(b"<p>hello", "text/html"))
    assert fetcher(tmp_path).page(url, "the test") == "<p>hello"
    stamp = files.stamp_file(tmp_path / "memory.json")
    assert fetcher(tmp_path).page(url, "the test") == "<p>hello"
    assert server.asked[-1].headers["if-none-match"] == servers.etag(b"<p>hello")
    assert files.stamp_file(tmp_path / "memory.json") == stamp


def test_a_page_without_a_date_is_asked_for_by_the_servers_clock(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/", served(b"<p>hello", "text/html", tagged=False))
    for _ in range(2):
        assert fetcher(tmp_path).page(url, "the test") == "<p>hello"
    assert server.asked[-1].is_conditional


# Transfers that break off


@pytest.mark.parametrize("reset", [True, False], ids=["by a reset", "by its end"])
def test_a_transfer_that_broke_off_goes_on_where_it_stopped(
    server: ScriptedServer, tmp_path: Path, reset: bool
) -> None:
    url = server.on("/file", broken_off(DATA, 100_000, reset=reset), served(DATA))
    one = fetcher(tmp_path)
    assert one.file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA
    again = server.asked[-1].headers
    start = int(again["range"].removeprefix("bytes=").removesuffix("-"))
    assert 100_000 - BLOCK <= start <= 100_000
    assert again["if-range"] == servers.etag(DATA)
    assert one.totals.bytes == len(DATA)


def test_the_next_run_goes_on_where_the_last_one_was_stopped(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", broken_off(DATA, 100_000))
    refusal(url, tmp_path, NetworkSettings(delay=0, tries=1))
    kept = (tmp_path / f"file{PART}").stat().st_size
    assert kept >= 100_000 - BLOCK
    server.on("/file", served(DATA))
    one = fetcher(tmp_path)
    assert one.file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA
    assert one.totals.bytes == len(DATA) - kept


def test_a_file_that_changed_meanwhile_starts_anew(server: ScriptedServer, tmp_path: Path) -> None:
    newer = DATA[::-1]
    url = server.on("/file", broken_off(DATA, 100_000), served(newer))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == newer


def test_without_a_validator_nothing_is_glued_together(server: ScriptedServer, tmp_path: Path) -> None:
    newer = DATA[::-1]
    url = server.on("/file", broken_off(DATA, 100_000, tagged=False), served(newer, tagged=False))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == newer
    assert "range" not in server.asked[-1].headers


def test_two_halves_that_do_not_fit_the_digest_are_fetched_as_one(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", broken_off(DATA[::-1], 100_000, tagged=False), served(DATA, tagged=False))
    got = fetcher(tmp_path).file(DownloadRequest(url, "the test", len(DATA), SHA256), tmp_path / "file")
    assert got.read_bytes() == DATA
    assert ["range" in one.headers for one in server.asked] == [False, True, False]


@pytest.mark.parametrize("span", ["bytes 7-9/10", "bytes x", "", "lines 100000-/2"])
def test_a_range_that_does_not_fit_is_not_used(server: ScriptedServer, tmp_path: Path, span: str) -> None:
    wrong = lambda handler: handler.send(206, b"abc", Content_Range=span)  # noqa: E731
    url = server.on("/file", broken_off(DATA, 100_000), wrong, served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_part_longer_than_the_file_is_given_up(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", broken_off(DATA, 100_000), status(416), served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_part_that_nobody_asked_for_is_no_file(server: ScriptedServer, tmp_path: Path) -> None:
    half = lambda handler: handler.send(206, DATA[:10], Content_Range=f"bytes 0-9/{len(DATA)}")  # noqa: E731
    assert "206" in refusal(server.on("/file", half), tmp_path)


def test_killed_in_the_middle_and_run_again_it_is_the_same_file(server: ScriptedServer, tmp_path: Path) -> None:
    release = threading.Event()

    def stalls(handler: servers.Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(DATA)))
        handler.send_header("ETag", servers.etag(DATA))
        handler.end_headers()
        handler.wfile.write(DATA[:200_000])
        release.wait(CEILING)
        handler.close_connection = True

    url = server.on("/file", stalls)
    code = (
        "import sys; from pathlib import Path; from tests.fetch.test_client import *\n"
        "fetcher(Path(sys.argv[2])).file(DownloadRequest(sys.argv[1], 'the test'), Path(sys.argv[2]) / 'file')"
    )
    child = subprocess.Popen([sys.executable, "-c", code, url, str(tmp_path)], cwd=Path(__file__).parents[2])
    part = tmp_path / f"file{PART}"
    while child.poll() is None and not (part.exists() and part.stat().st_size):
        time.sleep(0.01)
    child.kill()
    child.wait()
    release.set()
    server.on("/file", served(DATA))
    kept = part.stat().st_size
    one = fetcher(tmp_path)
    assert one.file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA
    assert (one.totals.bytes, sorted(os.listdir(tmp_path))) == (len(DATA) - kept, ["file", "memory.json"])


def test_a_link_in_the_place_of_a_part_is_not_followed(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / f"file{PART}").symlink_to("precious")
    url = server.on("/file", served(DATA))
    fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file")
    assert (tmp_path / "precious").read_bytes() == b"precious"


# Faults that pass, and faults that stay


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_passes(server: ScriptedServer, tmp_path: Path, code: int) -> None:
    url = server.on("/file", status(code), served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_reset_before_any_answer_passes(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", lambda handler: handler.cut(), served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_fault_that_stays_says_how_often_it_was_tried(server: ScriptedServer, tmp_path: Path) -> None:
    said = refusal(server.on("/file", status(500)), tmp_path)
    assert "500 Internal Server Error, 3 times" in said
    assert server.count("/file") == 3


def test_a_server_that_asks_for_time_gets_it(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(client.time, "sleep", slept.append)
    url = server.on("/file", status(503, Retry_After="7"), served(DATA))
    fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file")
    assert 7.0 in slept


def test_a_server_that_asks_for_too_much_time_is_left_alone(server: ScriptedServer, tmp_path: Path) -> None:
    said = refusal(server.on("/file", status(429, Retry_After="86400")), tmp_path)
    assert "86400 seconds" in said
    assert server.count("/file") == 1


def test_silence_is_not_waited_out(server: ScriptedServer, tmp_path: Path) -> None:
    release = threading.Event()
    url = server.on("/file", servers.silent(release))
    assert "nothing came for 1 seconds" in refusal(url, tmp_path, NetworkSettings(delay=0, timeout=1, tries=1))
    release.set()


def drip(head: bytes, body: bytes, over: threading.Event) -> servers.Answer:
    """Return an answer that comes at ten bytes a second, until it is over."""

    def answer(handler: servers.Handler) -> None:
        for number in range(len(head + body)):
            if over.wait(0.1):
                break
            try:
                handler.wfile.write((head + body)[number : number + 1])
                handler.wfile.flush()
            except OSError:
                break
        handler.close_connection = True

    return answer


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize(
    "slow", [(b"", OK + b"x" * 900), (b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n" * 900)], ids=["body", "head"]
)
@pytest.mark.parametrize("what", ["file", "page"])
def test_a_byte_now_and_then_is_as_good_as_silence(
    server: ScriptedServer, tmp_path: Path, slow: tuple[bytes, bytes], what: str
) -> None:
    over = threading.Event()
    url = server.on("/file", drip(*slow, over))
    one = fetcher(tmp_path, NetworkSettings(delay=0, timeout=1, tries=1))
    with pytest.raises(NetworkError, match=r"nothing came for 1 seconds|fell silent"):
        one.page(url, "the test") if what == "page" else one.file(DownloadRequest(url, "the test"), tmp_path / "file")
    over.set()


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "1e9", "Sun, 99 Nov 2026 12:00:00 GMT"])
def test_a_wait_that_cannot_be_read_is_no_wait(server: ScriptedServer, tmp_path: Path, value: str) -> None:
    url = server.on("/file", status(503, Retry_After=value.encode().decode("latin-1")), served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize(
    ("code", "words"),
    [(404, "correct the URL"), (403, "blacklist"), (401, "netrc"), (410, "410 Gone"), (418, "418"), (599, "599")],
)
def test_a_refusal_is_worded_and_not_repeated(server: ScriptedServer, tmp_path: Path, code: int, words: str) -> None:
    url = server.on("/file", status(code))
    said = refusal(url, tmp_path)
    assert url in said
    assert words in said
    assert server.count("/file") == 1


def test_an_unknown_host_is_called_that(tmp_path: Path) -> None:
    assert "the host nowhere.invalid is not known" in refusal("http://nowhere.invalid/file", tmp_path)


def test_a_closed_port_is_called_refused(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{servers.free_port()}/file"
    assert "refuses the connection" in refusal(url, tmp_path)


def test_an_absent_proxy_is_named_as_the_culprit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{servers.free_port()}")
    monkeypatch.setenv("no_proxy", "")
    assert "the proxy cannot be used" in refusal("http://example.invalid/file", tmp_path)


def test_a_proxy_is_used(server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")
    server.on("http://example.invalid/file", served(DATA))
    got = fetcher(tmp_path).file(DownloadRequest("http://example.invalid/file", "the test"), tmp_path / "file")
    assert got.read_bytes() == DATA


def test_an_answer_that_is_no_http_is_worded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/file"

        def babble() -> None:
            for _ in range(3):
                peer, _ = listener.accept()
                peer.recv(4096)
                peer.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                peer.close()

        thread = threading.Thread(target=babble, daemon=True)
        thread.start()
        assert "broke off" in refusal(url, tmp_path)
        thread.join()


# What it must be


def test_another_length_than_declared_is_refused_before_it_comes(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", served(DATA))
    said = refusal(url, tmp_path, size=5, sha256=SHA256)
    assert f"the server reports {len(DATA)} bytes" in said
    assert "expected 5" in said
    assert not (tmp_path / f"file{PART}").exists()


def test_another_digest_names_file_expected_and_found(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", served(DATA[::-1]))
    said = refusal(url, tmp_path, size=len(DATA), sha256=SHA256)
    for words in (url, SHA256, hashlib.sha256(DATA[::-1]).hexdigest()):
        assert words in said
    assert not (tmp_path / f"file{PART}").exists()


def test_a_wrong_file_leaves_the_old_one(server: ScriptedServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    url = server.on("/file", served(DATA))
    with pytest.raises(NetworkError):
        fetcher(tmp_path).file(DownloadRequest(url, "the test", len(DATA), "0" * 64), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_no_file(server: ScriptedServer, tmp_path: Path, kind: str) -> None:
    page = b"\n<!DOCTYPE html><html>this domain is for sale</html>"
    assert "web page" in refusal(server.on("/file", served(page, kind)), tmp_path)


def test_a_file_declared_too_large_does_not_come(server: ScriptedServer, tmp_path: Path) -> None:
    said = refusal(server.on("/file", served(DATA)), tmp_path, limit=1000)
    assert "larger than the 1000 bytes" in said
    assert not (tmp_path / f"file{PART}").exists()


def test_a_file_that_turns_out_too_large_is_cut_short(server: ScriptedServer, tmp_path: Path) -> None:
    def endless(handler: servers.Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"400\r\n" + bytes(1024) + b"\r\n")
        except OSError:
            handler.close_connection = True

    assert "larger than the 97.7 KiB" in refusal(server.on("/file", endless), tmp_path, limit=100_000)
    part = tmp_path / f"file{PART}"
    assert not part.exists() or part.stat().st_size <= 100_000


# Redirects


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: ScriptedServer, tmp_path: Path, code: int) -> None:
    server.on("/there", served(DATA))
    url = server.on("/file", redirect("/there", code))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_redirect_in_a_circle_is_called_that(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("/there", redirect("/file"))
    assert "redirect loop" in refusal(server.on("/file", redirect("/there")), tmp_path)


def test_redirects_are_bounded(server: ScriptedServer, tmp_path: Path) -> None:
    for number in range(20):
        server.on(f"/{number}", redirect(f"/{number + 1}"))
    assert "redirects more than 5 times" in refusal(server.url + "/0", tmp_path)


@pytest.mark.parametrize("there", ["ftp://localhost/file", "file:///etc/passwd", "http://[", "gopher:x", ""])
def test_a_redirect_away_from_http_is_not_followed(server: ScriptedServer, tmp_path: Path, there: str) -> None:
    assert "no address of http" in refusal(server.on("/file", redirect(there)), tmp_path)


def test_the_body_of_a_redirect_is_not_read(server: ScriptedServer, tmp_path: Path) -> None:
    def endless(handler: servers.Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/there")
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(65536))
        except OSError:
            handler.close_connection = True

    server.on("/there", served(DATA))
    got = fetcher(tmp_path).file(DownloadRequest(server.on("/file", endless), "the test"), tmp_path / "file")
    assert got.read_bytes() == DATA


# TLS


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    with servers.scripted(context) as one:
        yield one


def test_a_certificate_of_an_unknown_ca_is_refused(secure: ScriptedServer, tmp_path: Path) -> None:
    said = refusal(secure.on("/file", served(DATA)), tmp_path)
    assert "cannot prove that it is the server" in said
    assert "REQUESTS_CA_BUNDLE" in said
    assert secure.asked == []


def test_a_ca_of_ones_own_is_taken_from_the_environment(
    secure: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    url = secure.on("/file", served(DATA))
    assert fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA


def test_a_certificate_for_another_name_is_refused(
    secure: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    url = secure.on("/file", served(DATA)).replace("localhost", "127.0.0.1")
    assert "127.0.0.1" in refusal(url, tmp_path)


def test_https_never_becomes_http(
    secure: ScriptedServer, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    plain = server.on("/file", served(DATA))
    assert "redirects from https to http:" in refusal(secure.on("/file", redirect(plain)), tmp_path)
    assert server.asked == []


# Manners


def test_a_host_gets_its_pause_between_two_requests(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(client.time, "sleep", slept.append)
    one = fetcher(tmp_path, NetworkSettings(delay=1))
    for path in ("/a", "/b", "/c"):
        one.file(DownloadRequest(server.on(path, served(DATA)), "the test"), tmp_path / path[1:])
    assert len(slept) == 2
    assert all(0.5 < pause <= 1 for pause in slept)


def test_offline_nothing_is_asked_and_the_sentence_says_what_needs_it(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", served(DATA))
    said = refusal(url, tmp_path, NetworkSettings(offline=True))
    assert f"{url}: is needed for the test, but this run is offline" in said
    assert server.asked == []


def test_a_head_tells_size_and_date_without_the_file(server: ScriptedServer, tmp_path: Path) -> None:
    one = fetcher(tmp_path)
    told = one.about(server.on("/file", served(DATA)), "the test")
    assert (told.size, told.modified and told.modified.timestamp(), one.totals.bytes) == (len(DATA), servers.OLD, 0)


def test_a_size_that_a_head_does_not_tell_is_asked_for_with_the_file(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", status(200, Content_Length=""), status(200))
    assert fetcher(tmp_path).about(url, "the test").size == 0
    assert [one.method for one in server.asked] == ["HEAD", "GET"]


def test_every_file_has_its_line_in_the_log(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.on("/file", served(DATA))
    with progress.open_task_log(tmp_path / "log"):
        fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file")
    assert f"{url}: 256.0 KiB, sha256 {SHA256}" in (tmp_path / "log").read_text()


# No room


def test_a_disk_that_is_full_in_the_middle_is_worded_and_the_next_run_goes_on(
    server: ScriptedServer, tmp_path: Path
) -> None:
    url = server.on("/file", served(DATA))
    (tmp_path / "file").write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
    try:
        with pytest.raises(FileError, match=r"file\S*: cannot be written, file too large"):
            fetcher(tmp_path).file(DownloadRequest(url, "the test"), tmp_path / "file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "file").read_bytes() == b"old"
    one = fetcher(tmp_path)
    assert one.file(DownloadRequest(url, "the test"), tmp_path / "file").read_bytes() == DATA
    assert one.totals.bytes <= len(DATA) - 100_000
