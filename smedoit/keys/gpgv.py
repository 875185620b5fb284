# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed texts, verified by gpgv against the pinned keys and no other.

sequoia refuses the keys of EL 5 to 7, whose self-signatures are SHA-1; here the
key is believed because release.toml pins its fingerprint, and gpgv takes it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError
from smedoit.keys import keyring
from smedoit.runtime import files
from smedoit.runtime.process import ProgramError, run_program

CLEARSIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
VALID = re.compile(r"^\[GNUPG:\] VALIDSIG (?:\S+ ){9}(\S+)", re.MULTILINE)
UNKNOWN = re.compile(r"^\[GNUPG:\] NO_PUBKEY (\S+)", re.MULTILINE)
PACKAGE = "gpgv"


class ForeignKeyError(ContentError):
    """A signature by a key that release.toml does not name: whether it is good, nobody can say."""


def is_clearsigned(data: bytes) -> bool:
    """Return whether a text carries its signature within itself."""
    return data.lstrip().startswith(CLEARSIGNED)


def verify_clearsigned(signed: Path, pinned: Sequence[KeySettings]) -> tuple[bytes, str]:
    """Return (what a pinned key signed, its fingerprint) of a clearsigned file.

    Raises ForeignKeyError for any other key's, ContentError for one that does not verify.
    """
    with TemporaryDirectory(prefix="smedoit-gpgv-") as place:
        output = Path(place) / "text"
        owner = _run_gpgv(["--output", output, signed], signed, pinned, Path(place))
        return files.read_file_bytes(output), owner


def verify_detached(data: Path, signature: Path, pinned: Sequence[KeySettings]) -> str:
    """Return the fingerprint of the pinned key that made a detached signature of a file.

    Raises ForeignKeyError for any other key's, ContentError for one that does not verify.
    """
    with TemporaryDirectory(prefix="smedoit-gpgv-") as place:
        return _run_gpgv([signature, data], signature, pinned, Path(place))


def _run_gpgv(arguments: Sequence[str | Path], signature: Path, pinned: Sequence[KeySettings], place: Path) -> str:
    """Return the fingerprint of the pinned key whose signature is good. Raises ContentError, SmeError without gpgv."""
    ring = place / "ring"
    ring.write_bytes(
        b"".join(keyring.pinned_certificate(key, files.read_file_bytes(key.file)).pruned for key in pinned)
    )
    command = ["gpgv", "--homedir", place, "--keyring", ring, "--status-fd", "1", *arguments]
    try:
        said = run_program(command, package=PACKAGE)
    except ProgramError as error:
        raise _signature_error(signature, error.said) from None
    found = VALID.search(said)
    if not found:
        raise _signature_error(signature, said)
    return found[1].lower()


def _signature_error(signature: Path, said: str) -> ContentError:
    """Return the error for a signature that proves nothing; said is all that gpgv printed."""
    unknown = UNKNOWN.search(said) or re.search(r"No public key()", said)
    if unknown:
        using = re.search(r"using \w+ key (\w+)", said)
        key = unknown[1] or (using[1] if using else "nobody knows")
        return ForeignKeyError(
            f"{signature.name}: signed by key {key}, which release.toml does not trust",
            hint="if that key belongs to upstream, add it to [[keys]], with its fingerprint from another source",
        )
    return ContentError(
        f"{signature.name}: its signature does not verify: damaged or forged",
        hint="fetch it again; if it fails again, do not use these files",
    )
