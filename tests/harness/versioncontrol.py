# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories on loopback that tests make and serve: a CVS pserver, and git over http, the daemon and files."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.servers import free_port, serving
from tests.harness.tools import need, read_with

IDENTITY = ("-c", "user.name=Practice", "-c", "user.email=practice@example.invalid", "-c", "init.defaultBranch=main")


class CvsRepository:
    """A CVS repository with one module, cdrom.image/sme10, that people check in to.

    place  where others may read, too, if it is to be served
    """

    def __init__(self, place: Path) -> None:
        need("cvs")
        self.root, self.work = place / "cvsroot", place / "work"
        read_with("cvs", "-d", self.root, "init")
        (self.root / "cdrom.image/sme10").mkdir(parents=True)
        read_with("cvs", "-Q", "-d", self.root, "checkout", "-d", self.work, "cdrom.image/sme10", cwd=place)

    def commit(self, files: Mapping[str, str | None], tag: str = "") -> None:
        """Check files in, None for one that goes, and tag them all."""
        for name, text in files.items():
            path = self.work / name
            is_new = not path.exists()
            if text is None:
                read_with("cvs", "-Q", "remove", "-f", name, cwd=self.work)
                continue
            for parent in reversed([one for one in Path(name).parents if str(one) != "."]):
                if not (self.work / parent).exists():
                    (self.work / parent).mkdir()
                    read_with("cvs", "-Q", "add", parent, cwd=self.work)
            path.write_text(text)
            if is_new:
                read_with("cvs", "-Q", "add", name, cwd=self.work)
        read_with("cvs", "-Q", "commit", "-f", "-R", "-m", "practice", cwd=self.work)
        if tag:
            read_with("cvs", "-Q", "tag", tag, cwd=self.work)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Yield the CVSROOT of a pserver, which a small listener starts for each connection as inetd would."""
        user = "nobody" if os.geteuid() == 0 else read_with("id", "-un").strip()  # pserver never works as root
        read_with("chmod", "-R", "a+rwX", self.root)
        (self.root / "CVSROOT/passwd").write_text(f"anonymous::{user}\n")
        (self.root / "CVSROOT/config").write_text("SystemAuth=no\n")
        listener = socket.create_server(("127.0.0.1", 0))
        command = ["cvs", "-f", f"--allow-root={self.root}", "pserver"]

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    subprocess.Popen(command, stdin=connection, stdout=connection, stderr=subprocess.DEVNULL)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f":pserver:anonymous@127.0.0.1:{listener.getsockname()[1]}{self.root}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join()


class GitRepository:
    """A git repository with a branch main."""

    def __init__(self, place: Path) -> None:
        need("git")
        self.work = place / "content"
        read_with("git", *IDENTITY, "init", "-q", self.work)

    def git(self, *words: str) -> str:
        return read_with("git", *IDENTITY, "-C", self.work, *words).strip()

    def commit(self, files: Mapping[str, str | None], tag: str = "") -> str:
        """Commit files, None for one that goes; return the commit."""
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "practice")
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Yield its address at a git daemon."""
        port = free_port()
        with serving("git", "daemon", "--export-all", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}",
                    f"--base-path={self.work.parent}", home=self.work.parent, port=port):  # fmt: skip
            yield f"git://127.0.0.1:{port}/{self.work.name}"

    @contextmanager
    def serve_http(self) -> Iterator[str]:
        """Yield its address over plain http, as static files of a bare clone."""
        bare = self.work.parent / "web/content.git"
        read_with("git", "clone", "-q", "--bare", self.work, bare)
        read_with("git", "-C", bare, "update-server-info")
        port = free_port()
        with serving("python3", "-m", "http.server", "--bind", "127.0.0.1", "-d", str(bare.parent), str(port),
                    home=self.work.parent, port=port):  # fmt: skip
            yield f"http://127.0.0.1:{port}/content.git"
