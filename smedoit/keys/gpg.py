# SPDX-License-Identifier: GPL-3.0-or-later
"""Detached OpenPGP signatures by a key that stays with its owner: through gpg and its agent, or from a key file.

gpg signs with the release's date, so the same file and key give the same signature. A
key file is for practice and tests: its signatures carry the time of day, and are kept
for as long as they fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from smedoit.config.media import SigningSettings
from smedoit.config.tiers import PRACTICE_KEYS
from smedoit.errors import SignError
from smedoit.keys.keyring import first_error_line
from smedoit.runtime import files, foreign
from smedoit.runtime.process import ProgramError, run_program

CAPABILITIES, BORN = 11, 5  # columns of gpg's listing with colons; source: GnuPG, doc/DETAILS
REASONS = (
    (r"INV_SGNR \d+|No secret key", "has no secret half here", "import it, or name the key that you have in [signing]"),
    (r"Bad passphrase", "was not unlocked, the passphrase is wrong", "unlock it: sign any file with gpg once"),
    (
        r"No pinentry|Inappropriate ioctl|Operation cancelled|End of file|Timeout|FAILURE sign 83886",
        "is locked and gpg could not ask for the passphrase",
        "unlock gpg-agent first: sign any file with gpg once",
    ),
    (r"[Ee]xpired", "is past its expiry", "ask its owner to extend it"),
    (r"[Rr]evoked", "was revoked", "name another one in [signing] of release.toml"),
)


@dataclass(frozen=True)
class SigningCertificate:
    """The public half: what a signature is held against, and when its keys were born, in seconds since 1970."""

    fingerprint: str
    public: Any
    born: int = 0


def load_signing_certificate(signing: SigningSettings, is_practice: bool) -> SigningCertificate:
    """Return the public half of the key that signs. Raises SignError if there is none, or if it may not.

    is_practice  whether it is a practice release; practice keys sign no other
    """
    owner = _load_certificate(signing)
    if owner.fingerprint in PRACTICE_KEYS.values() and not is_practice:
        raise SignError(
            f"[signing] names the practice key {owner.fingerprint}, with which everybody can sign",
            hint="name the key of this release in [signing] of release.toml, or remove the table to sign nothing",
        )
    return owner


def _load_certificate(signing: SigningSettings) -> SigningCertificate:
    """Return the public half of the key that signs."""
    if not signing.key:
        return _certificate_from_file(signing.file)
    listing = _run_gpg(signing, "--with-colons", "--list-keys", signing.key)
    exported = _run_gpg(signing, "--armor", "--export", signing.key)
    return replace(
        _parse_certificate(exported.encode(), signing.key), born=max(_key_creation_times(listing), default=0)
    )


def _key_creation_times(listing: str) -> Iterator[int]:
    """Yield when each of a certificate's keys that can sign was made."""
    for line in listing.splitlines():
        fields = line.split(":")
        if fields[0] in ("pub", "sub") and "s" in "".join(fields[CAPABILITIES : CAPABILITIES + 1]):
            yield foreign.parse_decimal(fields[BORN]) or 0


def _parse_certificate(data: bytes, name: str) -> SigningCertificate:
    """Return the certificate that data holds."""
    from pysequoia import Cert

    try:
        public = Cert.from_bytes(data)
    except Exception as error:
        raise SignError(
            f"{name}: is no OpenPGP key, {first_error_line(error)}", hint="correct [signing] in release.toml"
        ) from None
    return SigningCertificate(str(public.fingerprint), public)


def _certificate_from_file(path: Path) -> SigningCertificate:
    """Return the public half of a key file."""
    return _parse_certificate(files.read_file_bytes(path), str(path))


def require_secret_half(signing: SigningSettings) -> None:
    """Raise SignError if the secret half of the key that signs is not at hand; nothing is unlocked for that."""
    if signing.key:
        _run_gpg(signing, "--with-colons", "--list-secret-keys", signing.key)
        return
    from smedoit.keys import openpgp

    if not openpgp.has_secret_key(files.read_file_bytes(signing.file)):
        raise SignError(f"{signing.file}: holds no secret key", hint="name the file that does in [signing] file")


def signing_fingerprint(signing: SigningSettings) -> str:
    """Return the fingerprint of the key that signs. Raises SignError if there is none."""
    return _load_certificate(signing).fingerprint


def key_birth(signing: SigningSettings, options: Sequence[str] = ()) -> int:
    """Return when the youngest of the keys that can sign was made, in seconds since 1970. Raises SignError.

    options  of gpg, where the key of a file was imported
    """
    listing = _run_gpg(signing, *options, "--with-colons", "--list-keys", signing_fingerprint(signing))
    return max(_key_creation_times(listing), default=0)


def sign_file(path: Path, signing: SigningSettings, epoch: int) -> str:
    """Return an armored signature of a file's content. Raises SignError.

    epoch  the release date; a key that is younger signs with its own day of birth
    """
    return _sign_with_gpg(path, signing, epoch) if signing.key else _sign_with_file(path, signing.file)


def _sign_with_gpg(path: Path, signing: SigningSettings, epoch: int) -> str:
    """Return gpg's signature; whether and how the passphrase is asked for is between its agent and its owner."""
    when = max(epoch, _load_certificate(signing).born)
    options = ("--faked-system-time", f"{when}!", "--local-user", signing.key, "--armor", "--output", "-")
    return _run_gpg(signing, *options, "--detach-sign", str(path))


def _sign_with_file(path: Path, key: Path) -> str:
    """Return a signature by a key file."""
    from pysequoia import SignatureMode, Tsk
    from pysequoia import sign as detached

    data = files.read_file_bytes(key)
    try:
        signer = Tsk.from_bytes(data).signer()
        return bytes(detached(signer, files.read_file_bytes(path), mode=SignatureMode.DETACHED)).decode("ascii")
    except RuntimeError as error:
        raise SignError(
            f"{key}: this key cannot sign, {first_error_line(error)}",
            hint="use a secret key without a passphrase; keep a real key in gpg and name it as [signing] key",
        ) from None


def _run_gpg(signing: SigningSettings, *options: str) -> str:
    """Return what gpg prints. Raises SignError with the reason where we know it, SmeError without gpg."""
    command = ("gpg", "--batch", "--yes", "--status-fd", "2", *options)
    try:
        return run_program(command, package="gnupg")
    except ProgramError as error:
        for pattern, reason, hint in REASONS:
            if re.search(pattern, error.said):
                raise SignError(f"key {signing.key} cannot sign: it {reason}", hint=hint) from None
        raise SignError(f"key {signing.key} cannot sign\n{error}") from None


def is_good_signature(path: Path, signature: Path, owner: SigningCertificate) -> bool:
    """Return whether signature is a good one of a file by its owner's key."""
    from pysequoia import Sig, verify

    try:
        made = Sig.from_bytes(files.read_file_bytes(signature))
        checked = verify(bytes=files.read_file_bytes(path), store=lambda _: [owner.public], signature=made)
    except RuntimeError:
        return False
    return any(str(valid_signature.certificate) == owner.fingerprint for valid_signature in checked.valid_sigs)
