# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys for a world: found on the medium, among the practice keys or given, and trusted only if a person says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from smedoit.config.tiers import PRACTICE_KEYS
from smedoit.errors import ConfigError, format_count, format_grouped
from smedoit.keys import key_files, openpgp
from smedoit.keys.known import find_known_key
from smedoit.keys.openpgp import OpenPgpCertificate, OpenPgpSignature
from smedoit.keys.rpmkeys import is_weak_signature

TYPED = 8  # last digits of a fingerprint that somebody types who has compared it


@dataclass(frozen=True)
class CandidateKey:
    """A public key that somebody may confirm.

    name    of its file
    place   where it was found, in words
    signed  how many packages name it as their signer
    weak    how many of them in a way that counts no longer
    """

    name: str
    place: str
    data: bytes
    certificate: OpenPgpCertificate
    signed: int = 0
    weak: int = 0

    @property
    def fingerprint(self) -> str:
        """Of its primary key."""
        return self.certificate.fingerprint

    @property
    def is_practice(self) -> bool:
        """Whether its secret half comes with smedoit."""
        return self.fingerprint in PRACTICE_KEYS.values()

    def __str__(self) -> str:
        known = find_known_key(self.fingerprint)
        owner = f"known as the key of {known.owner}" if known else "a key that smedoit does not know"
        if self.is_practice:
            owner = "for practice, whose secret half everybody has"
        weak = f", {self.weak} of them by an algorithm that counts no longer" if self.weak else ""
        signed = f"signed {format_count(self.signed, 'package')}{weak}" if self.signed else "signed no package here"
        called = " ".join(self.certificate.owner.split())
        return f"{self.fingerprint}  {self.name} {self.place}: {called}, {owner}; {signed}"


def parse_candidate(name: str, place: str, data: bytes) -> CandidateKey | str:
    """Return the one public key that a file holds, or why it cannot be pinned."""
    if len(data) > key_files.LOOKED_INTO:
        return "is larger than any key"
    try:
        if openpgp.has_secret_key(data):
            return "holds a secret key, and is not taken: its owner must revoke it"
        found = [one for block in openpgp.split_blocks(data) for one in openpgp.parse_certificates(block)]
    except ValueError as error:
        return f"holds no OpenPGP key, {error}"
    if len(found) != 1:
        return f"holds {len(found)} keys; write each into a file of its own"
    if not data.isascii():
        return "is not armored, and rpm --import would not take it: gpg --armor --export"
    if found[0].revoked:
        return f"holds the key {found[0].fingerprint}, which its owner revoked"
    return CandidateKey(PurePosixPath(name).name, place, data, found[0])


def count_signers(
    candidates: Iterable[CandidateKey], signatures: Mapping[str, Sequence[OpenPgpSignature]]
) -> tuple[list[CandidateKey], dict[str, list[str]]]:
    """Return the candidates, each key once, with what they signed; and key id -> packages that none of them signed.

    signatures  package -> what its signatures say
    """
    found = list({key.fingerprint: key for key in reversed(list(candidates))}.values())[::-1]
    counted = []
    for key in found:
        mine = [[one for one in some if key.certificate.is_id(one.key)] for some in signatures.values()]
        signed = [some for some in mine if some]
        weak = sum(all(map(is_weak_signature, some)) for some in signed)
        counted.append(replace(key, signed=len(signed), weak=weak))
    unknown: dict[str, list[str]] = {}
    for package, some in signatures.items():
        if not any(key.certificate.is_id(one.key) for key in found for one in some):
            for signer in {one.key for one in some if one.key} or {""}:
                unknown.setdefault(signer, []).append(package)
    return counted, unknown


def separate_practice(candidates: Sequence[CandidateKey]) -> tuple[list[CandidateKey], dict[str, str]]:
    """Return the keys that one release can pin, and name -> why the others cannot; practice does not mix."""
    practice = [key for key in candidates if key.is_practice]
    real = [key for key in candidates if not key.is_practice]
    if not any(key.signed for key in real) and any(key.signed for key in practice):
        return practice, {
            key.name: "signed no package, and a release of practice has practice keys only" for key in real
        }
    if real:
        return real, {key.name: "is a practice key, which everybody can sign with" for key in practice}
    return practice, {}


def confirm_keys(
    candidates: Sequence[CandidateKey], trust: bool, ask: Callable[[str], str] | None, show: Callable[[str], object]
) -> list[CandidateKey]:
    """Return the keys that a person trusts.

    trust  whether all of them are, as --trust says
    ask    asks a person, and returns what was typed; None where nobody can be asked

    Raises ConfigError with the list if nobody confirms, or trusts none.
    """
    listed = [str(key) for key in candidates]
    if not candidates:
        return []
    if trust:
        for line in listed:
            show(f"trusted: {line}")
        return list(candidates)
    if ask is None:
        raise ConfigError(
            f"{format_count(len(listed), 'key')} must be confirmed, and nobody is here to ask\n"
            f"{format_grouped({'found': listed})}",
            hint="compare each fingerprint with what its owner publishes, then say --trust",
        )
    chosen = [key for key, line in zip(candidates, listed, strict=True) if _is_confirmed(key, line, ask, show)]
    if not chosen:
        raise ConfigError("no key is trusted, so no package could be", hint="nothing was written")
    return chosen


def _is_confirmed(key: CandidateKey, line: str, ask: Callable[[str], str], show: Callable[[str], object]) -> bool:
    """Return whether a person types the end of a key's fingerprint; an empty line leaves the key out."""
    show(line)
    while typed := ask(f"  its last {TYPED} digits trust it, an empty line leaves it out: ").strip().lower():
        if typed == key.fingerprint[-TYPED:]:
            return True
        show(f"  those are not the last {TYPED} digits of {key.fingerprint}")
    return False


def name_signer(key_id: str) -> str:
    """Return whose key an id is, in words, for packages that no key at hand signed."""
    if not key_id:
        return "not signed"
    known = find_known_key(key_id)
    return f"signed by key {key_id}" + (f", that is {known}" if known else "")
