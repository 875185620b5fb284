"""OpenPGP packets as they are: whose key, until when, withdrawn or not, and who signed.

Sequoia's own policy refuses to say anything of a key that vouches for itself with SHA-1, as the
keys of EL 5 to 7 do; the packets say it all the same. Nothing is verified here: a key file
is believed because release.toml pins its fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TAGS = {"PublicKey": 6, "PublicSubkey": 14, "UserID": 13, "UserAttribute": 17, "Signature": 2}  # RFC 9580, 5
ALGORITHMS = {1: "RSA", 2: "RSA", 3: "RSA", 17: "DSA", 19: "ECDSA", 22: "EdDSA", 27: "Ed25519", 28: "Ed448"}
SELF_SIGNATURES = ("DirectKey", "GenericCertification", "PersonaCertification", "CasualCertification",
                   "PositiveCertification")  # fmt: skip


@dataclass(frozen=True)
class Certificate:
    """One public key with all that belongs to it.

    fingerprint  of the primary key; subkeys are the fingerprints of the others
    owner        its first user id
    expires      when it stops counting, None for never
    pruned       the certificate without what others signed: rpm's parser stumbles over that
    """

    fingerprint: str
    subkeys: tuple[str, ...]
    owner: str
    expires: datetime | None
    revoked: bool
    pruned: bytes

    def is_id(self, key_id: str) -> bool:
        """Return whether key_id, the tail of a fingerprint, means this key or one of its subkeys."""
        return bool(key_id) and any(one.endswith(key_id.lower()) for one in (self.fingerprint, *self.subkeys))


@dataclass(frozen=True)
class Signature:
    """What a signature says of itself: key is a fingerprint or a key id, "" if it does not say."""

    key: str
    algorithm: str
    hash: str
    version: int

    def __str__(self) -> str:
        return f"V{self.version} {self.algorithm}/{self.hash}"


def certificates(data: bytes) -> list[Certificate]:
    """Return every public key in data, armored or not. Raises ValueError if data cannot be read as packets."""
    groups: list[list[Any]] = []
    for packet in packets(data):
        if kind(packet) == "PublicKey":
            groups.append([])
        if groups:
            groups[-1].append(packet)
    return [certificate(group) for group in groups]


def packets(data: bytes) -> Iterator[Any]:
    """Yield the packets of data. Raises ValueError if it holds anything else."""
    from pysequoia.packet import PacketPile

    try:
        yield from PacketPile.from_bytes(data)
    except Exception as error:  # sequoia raises plain RuntimeErrors, and its words carry a backtrace
        raise ValueError((str(error).splitlines() or ["no OpenPGP packets"])[0]) from None


def kind(packet: Any) -> str:
    """Return the name of a packet's tag."""
    return str(packet.tag).rpartition(".")[2]


def signature_type(packet: Any) -> str:
    """Return the name of a signature's type."""
    return str(packet.signature_type).rpartition(".")[2]


def certificate(group: Sequence[Any]) -> Certificate:
    """Return the certificate that a primary key and the packets after it make."""
    primary = group[0]
    own = [one for one in group if kind(one) == "Signature" and issued_by(one, primary)]
    return Certificate(
        fingerprint=str(primary.fingerprint).lower(),
        subkeys=tuple(str(one.fingerprint).lower() for one in group if kind(one) == "PublicSubkey"),
        owner=next((str(one.user_id) for one in group if kind(one) == "UserID"), ""),
        expires=expiry(primary, own),
        revoked=any(signature_type(one) == "KeyRevocation" for one in own),
        pruned=b"".join(encoded(one) for one in group if kind(one) != "Signature" or one in own),
    )


def issued_by(signature: Any, key: Any) -> bool:
    """Return whether a signature says that key made it."""
    fingerprint = str(key.fingerprint).lower()
    said = str(signature.issuer_fingerprint or signature.issuer_key_id or "").lower()
    return bool(said) and fingerprint.endswith(said)


def expiry(primary: Any, own: Sequence[Any]) -> datetime | None:
    """Return when a key expires by its newest signature on itself."""
    about = [one for one in own if signature_type(one) in SELF_SIGNATURES and one.signature_created]
    newest = max(about, key=lambda one: one.signature_created, default=None)
    if newest is None or not newest.key_validity_period:
        return None
    moment: datetime = primary.key_created + newest.key_validity_period
    return moment


def encoded(packet: Any) -> bytes:
    """Return a packet in the new format with a length of four bytes, b"" for kinds that no key needs."""
    tag = TAGS.get(kind(packet))
    body = bytes(packet.body)
    return bytes((0xC0 | tag, 0xFF)) + len(body).to_bytes(4, "big") + body if tag else b""


def signatures(blobs: Sequence[bytes]) -> list[Signature]:
    """Return what the signatures in blobs say of themselves; what is no signature is passed over."""
    found = []
    for blob in blobs:
        try:
            found += [described(one) for one in packets(blob) if kind(one) == "Signature"]
        except ValueError:
            continue
    return found


def described(packet: Any) -> Signature:
    """Return what one signature packet says. Version 3 keeps the algorithm behind time and key id."""
    body, version = bytes(packet.body), int(packet.signature_version or 0)
    at = 15 if version == 3 else 2
    number = body[at] if len(body) > at else 0
    hashed = str(packet.hash_algorithm).rpartition(".")[2]
    said = str(packet.issuer_fingerprint or packet.issuer_key_id or "").lower()
    return Signature(said, ALGORITHMS.get(number, f"algorithm {number}"), hashed, version)
