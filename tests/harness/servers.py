# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that tests start and stop: one that misbehaves as it is told, and Debian's real ones."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import socket
import ssl
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from tests.harness.processes import CEILING, wait_until
from tests.harness.tools import need

SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
MODULES = Path("/usr/lib/apache2/modules")
OLD = 1_600_000_000  # when the scripted server's files were changed last, by its words


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def is_conditional(self) -> bool:
        """Whether it asks for an answer only if something has changed."""
        return any(name in self.headers for name in ("if-none-match", "if-modified-since"))


Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Notes every request, then does what the script says for its path."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ScriptedServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append(Asked(self.command, self.path, headers))
        self.server.answer(self.path)(self)

    do_HEAD = do_GET

    def send(self, code: int, data: bytes = b"", **headers: str) -> None:
        """Send a whole answer; a header's name has _ for -."""
        self.send_response(code)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(data)), **names}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and code != 304:
            self.wfile.write(data)

    def cut(self) -> None:
        """Break the connection off with a reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class ScriptedServer(ThreadingHTTPServer):
    """Answers by a script: path -> what to do, each of a list once, the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.scheme = "http"
        self.script: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []

    def handle_error(self, *_request: object) -> None:
        """Say nothing: visitors that are killed and connections that are cut belong to the play."""

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.server_port}"

    def on(self, path: str, *answers: Answer) -> str:
        """Set what a path answers; return its address."""
        self.script[path] = list(answers)
        return self.url + path

    def answer(self, path: str) -> Answer:
        """Return the next answer of a path."""
        answers = self.script.get(path, [status(404)])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def count(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(one.path == path for one in self.asked)


@contextmanager
def scripted(context: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    """Yield a running scripted server, over TLS if there is a context."""
    server = ScriptedServer()
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# What a path may answer


def status(code: int, **headers: str) -> Answer:
    """An answer without content."""
    return lambda handler: handler.send(code, b"", **headers)


def redirect(location: str, code: int = 302) -> Answer:
    """An answer that leads elsewhere."""
    return status(code, Location=location)


def etag(data: bytes) -> str:
    """Return the validator of a content."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def served(data: bytes, kind: str = "application/octet-stream", *, tagged: bool = True, **more: str) -> Answer:
    """A file as a good server sends it: with validators, conditional, and in part where it is asked for."""

    def answer(handler: Handler) -> None:
        asked = {name.lower(): value for name, value in handler.headers.items()}
        known = {"ETag": etag(data), "Last-Modified": formatdate(OLD, usegmt=True)} if tagged else {}
        headers = {"Content-Type": kind, **known, **more}
        if tagged and asked.get("if-none-match") == etag(data):
            handler.send(304, b"", **{**headers, "Content-Length": ""})
        elif "range" in asked and asked.get("if-range", etag(data)) == etag(data):
            start = int(asked["range"].removeprefix("bytes=").partition("-")[0])
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            handler.send(206, data[start:], **{**headers, "Content-Range": span})
        else:
            handler.send(200, data, **headers)

    return answer


def broken_off(data: bytes, after: int, *, reset: bool = True, tagged: bool = True) -> Answer:
    """A file that ends after some bytes: with a reset, or as if that were all."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        if tagged:
            handler.send_header("ETag", etag(data))
        handler.end_headers()
        handler.wfile.write(data[:after])
        if reset:
            wait_until(lambda: unsent(handler.connection) == 0)  # a reset would overtake what is still on its way
            handler.cut()
        handler.close_connection = True

    return answer


def unsent(connection: socket.socket) -> int:
    """Return how many bytes the other side does not have yet."""
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def silent(release: threading.Event) -> Answer:
    """No answer at all, until released."""

    def answer(handler: Handler) -> None:
        release.wait(CEILING)
        handler.close_connection = True

    return answer


def listing(names: Mapping[str, object] | list[str], title: str = "Index of /") -> Answer:
    """An index page of Apache's kind."""
    links = "".join(f'<li><a href="{name}">{name}</a></li>' for name in ["/", *names])
    return served(
        f"<html><head><title>{title}</title></head><body><ul>{links}</ul></body></html>".encode(), "text/html"
    )


def publish(server: ScriptedServer, base: str, files: Mapping[str, bytes]) -> str:
    """Let a scripted server show these files below base, with index pages; return the address of the top one."""
    pages: dict[str, set[str]] = {base: set()}
    for path, data in files.items():
        server.on(base + quote(path), served(data))
        parts = path.split("/")
        for depth, name in enumerate(parts):
            above = base + "".join(f"{quote(part)}/" for part in parts[:depth])
            pages.setdefault(above, set()).add(quote(name) + ("" if depth == len(parts) - 1 else "/"))
    for page, names in pages.items():
        server.on(page, listing(sorted(names)))
    return server.url + base


# Debian's servers, run by whoever runs the tests


@dataclass
class Real:
    """A real server: its address, what it serves, and its access log."""

    url: str
    root: Path
    log: Path
    seen: int = field(default=0)

    def requests(self, count: int) -> list[str]:
        """Return the lines of the access log since the last call: method, path, status, two conditions.

        count  how many to wait for: lighttpd writes them when it finds the time
        """
        wait_until(lambda: len(self.log.read_text().splitlines()) >= self.seen + count)
        lines = self.log.read_text().splitlines()[self.seen :]
        self.seen += len(lines)
        return lines


PORTS = range(20_000, 32_000)  # below those that the kernel hands out, so that nobody gets one of them by accident
OURS: list[socket.socket] = []  # as long as this process lives


def free_port() -> int:
    """Return a port that nobody listens on, and that no other process that runs tests on this machine is told."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0smedoit-tests-port-{port}")  # a name that goes with its process
            with socket.socket() as one:
                one.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        OURS.append(claim)
        return port
    raise AssertionError("no port is free")


NGINX = """\
daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
{user}
events {{ worker_connections 64; }}
http {{
  types {{ text/html html; }} default_type application/octet-stream;
  log_format terse '$request_method $request_uri $status "$http_if_modified_since" "$http_if_none_match"';
  access_log {home}/access.log terse;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b; fastcgi_temp_path {home}/c;
  uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{ listen 127.0.0.1:{port}; root {root}; autoindex on; }}
}}
"""
LIGHTTPD = """\
server.modules = ("mod_dirlisting", "mod_accesslog")
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.errorlog = "{home}/error.log"
accesslog.filename = "{home}/access.log"
accesslog.format = "%m %U %s \\"%{{If-Modified-Since}}i\\" \\"%{{If-None-Match}}i\\""
dir-listing.activate = "enable"
dir-listing.encoding = "utf-8"
server.stat-cache-engine = "disable"
mimetype.assign = ("" => "application/octet-stream")
"""
APACHE = """\
ServerName localhost
ServerRoot {home}
PidFile {home}/pid
Listen 127.0.0.1:{port}
{modules}
{user}
ErrorLog {home}/error.log
LogFormat "%m %U %>s \\"%{{If-Modified-Since}}i\\" \\"%{{If-None-Match}}i\\"" terse
CustomLog {home}/access.log terse
DocumentRoot {root}
Mutex file:{home}
<Directory {root}>
  Options Indexes
  IndexOptions {options}
  Require all granted
</Directory>
"""
APACHE_MODULES = ("mpm_prefork", "authz_core", "dir", "autoindex", "mime")
KINDS = ("nginx", "lighttpd", "apache2", "apache2-fancy")


@contextmanager
def real(kind: str, home: Path, root: Path) -> Iterator[Real]:
    """Yield one of Debian's servers of KINDS, showing its own index of root."""
    program = kind.partition("-")[0]
    need(program)
    home.mkdir()
    port = free_port()
    command = started(kind, home, root, port)
    found = shutil.which(program, path=SBIN)
    assert found
    with (home / "words").open("wb") as words:
        child = subprocess.Popen([found, *command], stdout=words, stderr=words, start_new_session=True)
    try:
        wait_for(port, child, home)
        (home / "access.log").touch()
        yield Real(f"http://127.0.0.1:{port}/", root, home / "access.log")
    finally:
        child.terminate()
        child.wait()


def started(kind: str, home: Path, root: Path, port: int) -> list[str]:
    """Write the configuration of a server; return what follows its name on the command line."""
    is_root = os.geteuid() == 0  # apache2 then serves as somebody else, who must be able to read root
    facts = {"home": home, "root": root, "port": port}
    if kind == "nginx":
        (home / "conf").write_text(NGINX.format(**facts, user="user root;" if is_root else ""))
        return ["-c", str(home / "conf"), "-e", str(home / "error.log")]
    if kind == "lighttpd":
        (home / "conf").write_text(LIGHTTPD.format(**facts))
        return ["-D", "-f", str(home / "conf")]
    modules = "".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so\n" for name in APACHE_MODULES)
    user = "User www-data\nGroup www-data" if is_root else ""
    options = "FancyIndexing HTMLTable TrackModified" if kind.endswith("fancy") else "-FancyIndexing"
    (home / "mime.types").write_text("text/html html\n")
    config = APACHE.format(**facts, modules=modules, user=user, options=options) + f"TypesConfig {home}/mime.types\n"
    (home / "conf").write_text(config)
    return ["-D", "FOREGROUND", "-f", str(home / "conf")]


def wait_for(port: int, child: subprocess.Popen[bytes], home: Path) -> None:
    """Return when somebody listens on port; a server that ended instead fails the test with its words."""

    def listens() -> bool:
        words = (path.read_text(errors="replace") for path in home.glob("*") if path.is_file())
        assert child.poll() is None, "\n".join(words)
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens)


@contextmanager
def serving(*command: str, home: Path, port: int) -> Iterator[None]:
    """Run a server until the block ends."""
    program = shutil.which(command[0], path=SBIN)
    assert program
    with (home / "daemon.words").open("wb") as words:
        child = subprocess.Popen(
            [program, *command[1:]], stdout=words, stderr=words, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "PATH": SBIN},
        )  # fmt: skip
    try:
        wait_for(port, child, home)
        yield
    finally:
        os.killpg(child.pid, 15)
        child.wait()
