# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys: read from their files and pinned by fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.config.tiers import KeySettings
from smedoit.errors import FileError, PackageError, format_grouped
from smedoit.keys import openpgp, policy
from smedoit.keys.known import find_known_key
from smedoit.keys.openpgp import OpenPgpCertificate
from smedoit.keys.rpmkeys import LegacyKeyring
from smedoit.runtime.files import read_file_bytes, walk_files

if TYPE_CHECKING:
    from rpm_rs import Verifier


@dataclass(frozen=True)
class PinnedKey:
    """A key that was found to be the one release.toml means.

    verifier     what rpm-rs checks with, or None where it cannot use such a key at all
    certificate  what the key says of itself
    obstacle     why rpm-rs cannot use it, in its own words
    ring         where rpm checks legacy signatures of this key, None if release.toml does not allow them
    digest       of the file: with the same fingerprint it may have lost or gained a subkey that signs
    """

    fingerprint: str
    name: str
    verifier: Verifier | None
    certificate: OpenPgpCertificate
    obstacle: str = ""
    ring: LegacyKeyring | None = None
    digest: str = ""

    @property
    def token(self) -> str:
        """What a verdict by this key depends on: its file, whether legacy signatures count, and the policy."""
        return f"{self.fingerprint} {self.digest}{' legacy' if self.ring else ''} policy {policy.RULES}"

    def is_id(self, key_id: str) -> bool:
        """Return whether key_id (the tail of a fingerprint) means this key or one of its subkeys."""
        return self.certificate.is_id(key_id)


def load_pinned_keys(keys: Iterable[KeySettings]) -> list[PinnedKey]:
    """Return the pinned keys in the order of release.toml. Raises FileError, PackageError."""
    return [read_pinned_key(key) for key in keys]


def read_pinned_key(key: KeySettings) -> PinnedKey:
    """Return one key after comparing its fingerprint with the pinned one."""
    import rpm_rs

    data = read_file_bytes(key.file)
    certificate = pinned_certificate(key, data)
    if not data.isascii():
        raise PackageError(
            f"{key.file}: is not armored, so rpm --import would not take it from the medium",
            hint="export it with gpg --armor --export",
        )
    ring = LegacyKeyring(certificate, key.file.name) if key.legacy_reason else None
    digest = hashlib.sha256(data).hexdigest()
    verifier, obstacle = None, ""
    try:
        verifier = rpm_rs.Verifier.from_file(str(key.file)).with_key(key.fingerprint)
    except RuntimeError as error:
        obstacle = first_error_line(error)
    return PinnedKey(key.fingerprint, key.file.name, verifier, certificate, obstacle=obstacle, ring=ring, digest=digest)


def prepare_keyrings(keys: Iterable[PinnedKey]) -> None:
    """Make the databases that rpm needs for legacy keys, before processes start that would each make their own."""
    for key in keys:
        if key.ring:
            key.ring.database()


def pinned_certificate(key: KeySettings, data: bytes) -> OpenPgpCertificate:
    """Return the certificate that release.toml pins, which must be all that data holds. Raises PackageError.

    The file goes on the medium as its owner published it, and rpm --import takes whatever key is in it.
    """
    try:
        if openpgp.has_secret_key(data):
            raise PackageError(
                f"{key.file}: holds a secret key, which would be on the medium for everybody",
                hint=f"write the public half alone: gpg --armor --export {key.fingerprint} > {key.file.name}",
            )
        found = [one for block in openpgp.split_blocks(data) for one in openpgp.parse_certificates(block)]
    except ValueError as error:
        raise PackageError(
            f"{key.file}: holds no OpenPGP public key, {first_error_line(error)}",
            hint="download the key again",
        ) from None
    fingerprints = [certificate.fingerprint for certificate in found]
    if key.fingerprint not in fingerprints:
        raise PackageError(
            f"{key.file}: holds the key {', '.join(fingerprints) or 'of nobody'}, release.toml pins {key.fingerprint}",
            hint="verify the fingerprint with the key's owner, then correct the file or [[keys]]",
        )
    if len(found) > 1:
        others = [fingerprint for fingerprint in fingerprints if fingerprint != key.fingerprint] or fingerprints[1:]
        raise PackageError(
            f"{key.file}: holds {', '.join(others)} beside the pinned key, and all would be trusted from the medium",
            hint=f"write the pinned one into a file of its own: gpg --armor --export {key.fingerprint}",
        )
    return found[0]


def refuse_expired_keys(keys: Iterable[KeySettings], loaded: Iterable[PinnedKey], moment: datetime) -> None:
    """Raise PackageError for all keys that are revoked, or expired at moment without leave.

    moment  the date of the release, never the clock: what was built once can be built again
    """
    complaints: dict[str, list[str]] = {}
    for key, pinned_key in zip(keys, loaded, strict=True):
        certificate = pinned_key.certificate
        named = f"{key.file} ({pinned_key.fingerprint})"
        if certificate.revoked:
            complaints.setdefault("revoked by its owner", []).append(named)
        elif certificate.expires and certificate.expires <= moment and not key.expired_reason:
            when = f"expired on {certificate.expires:%Y-%m-%d}, before [release] date"
            complaints.setdefault(when, []).append(named)
    if complaints:
        raise PackageError(
            f"[[keys]] names keys that are expired or revoked\n{format_grouped(complaints)}",
            hint="get the current key from its owner; where packages that it signed are still"
            ' needed, add expired_reason = "why" to its [[keys]] entry',
        )


def key_origin(key_id: str, content: Path | None) -> str:
    """Return where the key with this id comes from: its published name, and a file in the content tree.

    content  the content tree, in which key files may lie that release.toml does not name
    """
    known = find_known_key(key_id)
    lying = find_key_file(key_id, content) if content else None
    at_hand = f"found in {lying[0]}, fingerprint {lying[1]}" if lying else ""
    return "; ".join(part for part in (f"that is {known}" if known else "", at_hand) if part)


def find_key_file(key_id: str, content: Path) -> tuple[Path, str] | None:
    """Return file and fingerprint of a key in the content tree, None if no file there has it."""
    try:
        files = [content / relative for relative, _ in walk_files(content) if "RPM-GPG-KEY" in relative]
    except OSError:
        return None
    for file in files:
        try:
            certificates = openpgp.parse_certificates(read_file_bytes(file))
        except (ValueError, FileError):
            continue
        for certificate in certificates:
            if certificate.is_id(key_id):
                return file, certificate.fingerprint
    return None


def first_error_line(error: BaseException) -> str:
    """Return the first line of a library's message: sequoia adds its backtrace to it."""
    return (str(error).splitlines() or [type(error).__name__])[0].strip()
