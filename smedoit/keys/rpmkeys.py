# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures that no modern library checks any more (DSA, SHA-1): rpm itself checks them, with a database of one key.

Only keys that release.toml marks as legacy come here. The database is private and holds a
single key, so that what rpm calls OK can only have been signed by it, whatever short id it shows.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.errors import SmeError
from smedoit.keys.openpgp import OpenPgpCertificate, OpenPgpSignature
from smedoit.runtime import files, process

WEAK_ALGORITHMS, WEAK_HASHES = ("DSA",), ("SHA1", "MD5", "RipeMD")
PACKAGE = "rpm"  # of Debian, that has rpmkeys
SIGNED = re.compile(r"(Header )?(?:OpenPGP )?V[34] \w+/\w+ [Ss]ignature, key (?:ID|fingerprint:) ([0-9a-f]{8,40}): OK")
DIGEST = re.compile(r"(?:Header|Payload) (?:SHA1|SHA256|SHA512)(?: ALT)? digest: OK|MD5 digest: OK")


class UnverifiedError(Exception):
    """Why rpm does not verify a package: the line of rpmkeys that says most."""


def is_weak_signature(signature: OpenPgpSignature) -> bool:
    """Return whether a signature is of a kind that only a legacy key may make."""
    return signature.algorithm in WEAK_ALGORITHMS or signature.hash in WEAK_HASHES


@dataclass
class LegacyKeyring:
    """A database of rpm's own that holds one key; it is made when it is first asked, and goes with this object."""

    certificate: OpenPgpCertificate
    name: str
    place: TemporaryDirectory[str] | None = None
    making: threading.Lock = field(default_factory=threading.Lock)

    def payload_signed(self, path: Path) -> bool:
        """Return whether the key signed the payload of a package, too, besides its header.

        Raises UnverifiedError unless it signed at least one of them and rpm finds nothing to complain
        of, SmeError if rpm is absent or cannot use such a key.
        """
        said = process.run_program(self.command("-Kv", path), env=self.environment(), package=PACKAGE, ok_codes=(0, 1))
        return parse_rpmkeys_output(said, self.certificate)

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """Return a command line of rpmkeys that reads our database and no user's settings."""
        return ["rpmkeys", "--define", f"_dbpath {self.database()}/db", *arguments]

    def environment(self) -> dict[str, str]:
        """Return an environment in which rpm reads no ~/.rpmmacros."""
        return {"HOME": self.database()}

    def database(self) -> str:
        """Return the directory of the database, which the first caller fills."""
        with self.making:
            if self.place is None:
                place = TemporaryDirectory(prefix="smedoit-rpm-")
                self.fill(Path(place.name))
                self.place = place
            return self.place.name

    def fill(self, place: Path) -> None:
        """Import the key into a new database. Raises SmeError if rpm does not take it."""
        from pysequoia import ArmorKind, armor

        (place / "db").mkdir()
        files.write_file(place / "key", armor(self.certificate.pruned, ArmorKind.PublicKey))
        command: list[str | Path] = ["rpmkeys", "--define", f"_dbpath {place}/db", "--import", place / "key"]
        try:
            process.run_program(command, env={"HOME": str(place)}, package=PACKAGE)
        except process.ProgramError as error:
            raise SmeError(
                f"{self.name}: rpmkeys --import of this host fails: {error.said.strip()}",
                hint="build on a host whose rpm accepts such keys, or have the packages signed again",
            ) from None


def parse_rpmkeys_output(said: str, certificate: OpenPgpCertificate) -> bool:
    """Return whether rpm found a good signature over the payload, too.

    said  what `rpmkeys -Kv` prints: the file's name, then a line for every signature and digest

    Every line must be one that we know and OK, and one of them a signature of the key.
    Raises UnverifiedError otherwise, with the line that says most: what is bad before what is absent.
    """
    lines = [line.strip() for line in said.splitlines()[1:] if line.strip()]
    signed = [match for match in map(SIGNED.fullmatch, lines) if match and certificate.is_id(match[2])]
    known = {match[0] for match in signed} | {line for line in lines if DIGEST.fullmatch(line)}
    if complaints := [line for line in lines if line not in known]:
        raise UnverifiedError(min(complaints, key=_complaint_rank))
    if not signed:
        raise UnverifiedError("it carries no signature of that key")
    return any(not match[1] for match in signed)


def _complaint_rank(line: str) -> tuple[bool, bool, bool]:
    """Return where among the complaints of rpmkeys one stands: a bad signature, another bad thing, an absent one."""
    bad = ": BAD" in line
    return not (bad and "ignature" in line), not bad, "NOTFOUND" in line
