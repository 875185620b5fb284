# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who signs: gpg with a home and a key of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.config.tiers import KeySettings
from tests.harness.tools import need


class Signer:
    """A gpg home of its own with one key, which vouches for itself with SHA-1 as those of EL 5 to 7 do."""

    def __init__(self, home: Path) -> None:
        self.home = home
        weak = ("--cert-digest-algo", "SHA1", "--allow-weak-digest-algos")
        self.gpg(*weak, "--quick-gen-key", "Upstream <upstream@example.invalid>", "rsa2048", "sign", "never")
        self.public = home / "public.asc"
        self.public.write_bytes(self.gpg("--armor", "--export"))
        listed = self.gpg("--with-colons", "--list-keys").decode()
        self.fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")).lower()

    def gpg(self, *words: str | Path) -> bytes:
        environment = {**os.environ, "GNUPGHOME": str(self.home)}
        options = ("gpg", "--batch", "--yes", "--quiet", "--passphrase", "")
        return subprocess.run((*options, *words), env=environment, check=True, capture_output=True).stdout

    @property
    def key(self) -> KeySettings:
        return KeySettings(self.public, self.fingerprint)

    def clearsigned(self, path: Path) -> Path:
        target = path.with_name(f"{path.name}.asc")
        self.gpg("--output", target, "--clearsign", path)
        return target

    def detached(self, path: Path, ending: str = ".sig") -> Path:
        target = path.with_name(f"{path.name}{ending}")
        self.gpg("--output", target, "--detach-sign", path)
        return target


@contextmanager
def signing() -> Iterator[Signer]:
    """Yield a signer, whose agent ends with it."""
    need("gpg", "gpgv")
    with TemporaryDirectory(prefix="gpg") as home:  # short: the agent's socket lies there
        os.chmod(home, 0o700)
        yield Signer(Path(home))
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
