"""Public keys: read from their files, pinned by fingerprint, and asked who signed a header."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smedoit import tree
from smedoit.config import Key
from smedoit.errors import PackageError


@dataclass(frozen=True)
class PinnedKey:
    """A key that was found to be the one release.toml means.

    verifier  what rpm-rs checks with, or None where it cannot use such a key at all
    obstacle  why it cannot, in its own words
    """

    fingerprint: str
    name: str
    verifier: Any
    obstacle: str = ""

    def is_id(self, key_id: str) -> bool:
        """Return whether key_id (the tail of a fingerprint) means this key."""
        return bool(key_id) and self.fingerprint.endswith(key_id.lower())


def load(keys: Iterable[Key]) -> list[PinnedKey]:
    """Return the pinned keys in the order of release.toml. Raises TreeError, PackageError."""
    return [pinned(key) for key in keys]


def pinned(key: Key) -> PinnedKey:
    """Return one key after comparing its fingerprint with the pinned one."""
    import rpm_rs
    from pysequoia import Cert

    data = tree.read_bytes(key.file)
    try:
        found = [str(cert.fingerprint).lower() for cert in Cert.split_bytes(data)]
    except Exception as error:
        raise PackageError(
            f"{key.file}: holds no OpenPGP public key, {first_line(error)}", hint="get the key again from its owner"
        ) from None
    if key.fingerprint not in found:
        raise PackageError(
            f"{key.file}: holds the key {', '.join(found) or 'of nobody'}, release.toml pins {key.fingerprint}",
            hint="find out from its owner, by another way, which one is right; then mend the file or [[keys]]",
        )
    try:
        verifier = rpm_rs.Verifier.from_file(str(key.file)).with_key(key.fingerprint)
    except RuntimeError as error:
        return PinnedKey(key.fingerprint, key.file.name, None, first_line(error))
    return PinnedKey(key.fingerprint, key.file.name, verifier)


def first_line(error: BaseException) -> str:
    """Return the first line of a library's message: sequoia adds its backtrace to it."""
    return (str(error).splitlines() or [type(error).__name__])[0].strip()
