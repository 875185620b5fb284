"""Detached OpenPGP signatures by a key that stays with its owner: through gpg and its agent, or from a key file.

gpg signs with the release's date, so the same file and key give the same signature. A
key file is for practice and tests: its signatures carry the time of day, and are kept
for as long as they fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smedoit.config.media import Signing
from smedoit.errors import SignError
from smedoit.keys.keyring import first_line
from smedoit.runtime import files
from smedoit.runtime.process import Failed, run

CAPABILITIES, BORN = 11, 5  # columns of gpg's listing with colons; source: GnuPG, doc/DETAILS
REASONS = (
    (r"INV_SGNR \d+|No secret key", "has no secret half here", "import it, or name the key that you have in [signing]"),
    (r"Bad passphrase", "was not unlocked, the passphrase is wrong", "unlock it: sign any file with gpg once"),
    (
        r"No pinentry|Inappropriate ioctl|Operation cancelled|End of file|Timeout|FAILURE sign 83886",
        "is locked and nobody was asked for the passphrase",
        "unlock gpg-agent first: sign any file with gpg once",
    ),
    (r"[Ee]xpired", "is past its expiry", "ask its owner to extend it"),
    (r"[Rr]evoked", "was revoked", "name another one in [signing] of release.toml"),
)


@dataclass(frozen=True)
class Certificate:
    """The public half: what a signature is held against, and when its keys were born, in seconds since 1970."""

    fingerprint: str
    public: Any
    born: int = 0


def certificate(signing: Signing) -> Certificate:
    """Return the public half of the key that signs. Raises SignError if there is none."""
    if not signing.key:
        return from_file(signing.file)
    listing = gpg(signing, "--with-colons", "--list-keys", signing.key)
    exported = gpg(signing, "--armor", "--export", signing.key)
    return replace(parsed(exported.encode(), signing.key), born=max(births(listing), default=0))


def births(listing: str) -> Iterator[int]:
    """Yield when each of a certificate's keys that can sign was made."""
    for line in listing.splitlines():
        fields = line.split(":")
        if fields[0] in ("pub", "sub") and "s" in fields[CAPABILITIES]:
            yield int(fields[BORN])


def parsed(data: bytes, name: str) -> Certificate:
    """Return the certificate that data holds."""
    from pysequoia import Cert

    try:
        public = Cert.from_bytes(data)
    except Exception as error:
        raise SignError(
            f"{name}: is no OpenPGP key, {first_line(error)}", hint="mend [signing] of release.toml"
        ) from None
    return Certificate(str(public.fingerprint), public)


def from_file(path: Path) -> Certificate:
    """Return the public half of a key file."""
    return parsed(files.read_bytes(path), str(path))


def sign(path: Path, signing: Signing, epoch: int) -> str:
    """Return an armored signature of a file's content. Raises SignError.

    epoch  the release date; a key that is younger signs with its own day of birth
    """
    return with_gpg(path, signing, epoch) if signing.key else with_file(path, signing.file)


def with_gpg(path: Path, signing: Signing, epoch: int) -> str:
    """Return gpg's signature; whether and how the passphrase is asked for is between its agent and its owner."""
    when = max(epoch, certificate(signing).born)
    options = ("--faked-system-time", f"{when}!", "--local-user", signing.key, "--armor", "--output", "-")
    return gpg(signing, *options, "--detach-sign", str(path))


def with_file(path: Path, key: Path) -> str:
    """Return a signature by a key file."""
    from pysequoia import SignatureMode, Tsk
    from pysequoia import sign as detached

    data = files.read_bytes(key)
    try:
        signer = Tsk.from_bytes(data).signer()
        return bytes(detached(signer, files.read_bytes(path), mode=SignatureMode.DETACHED)).decode("ascii")
    except RuntimeError as error:
        raise SignError(
            f"{key}: this key cannot sign, {first_line(error)}",
            hint="it needs a secret half without a passphrase; a real key stays in gpg: name it as [signing] key",
        ) from None


def gpg(signing: Signing, *options: str) -> str:
    """Return what gpg prints. Raises SignError with the reason where we know it, SmeError without gpg."""
    command = ("gpg", "--batch", "--yes", "--status-fd", "2", *options)
    try:
        return run(command, package="gnupg")
    except Failed as error:
        for pattern, reason, hint in REASONS:
            if re.search(pattern, error.said):
                raise SignError(f"key {signing.key} cannot sign: it {reason}", hint=hint) from None
        raise SignError(f"key {signing.key} cannot sign\n{error}") from None


def fits(path: Path, signature: Path, owner: Certificate) -> bool:
    """Return whether signature is a good one of a file by its owner's key."""
    from pysequoia import Sig, verify

    try:
        made = Sig.from_bytes(files.read_bytes(signature))
        checked = verify(bytes=files.read_bytes(path), store=lambda _: [owner.public], signature=made)
    except RuntimeError:
        return False
    return any(str(one.certificate) == owner.fingerprint for one in checked.valid_sigs)
