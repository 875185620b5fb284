# SPDX-License-Identifier: GPL-3.0-or-later
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
class OpenPgpCertificate:
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
        return bool(key_id) and any(
            fingerprint.endswith(key_id.lower()) for fingerprint in (self.fingerprint, *self.subkeys)
        )


@dataclass(frozen=True)
class OpenPgpSignature:
    """What a signature says of itself: key is a fingerprint or a key id, "" if it does not say."""

    key: str
    algorithm: str
    hash: str
    version: int

    def __str__(self) -> str:
        return f"V{self.version} {self.algorithm}/{self.hash}"


def parse_certificates(data: bytes) -> list[OpenPgpCertificate]:
    """Return every public key in data, armored or not. Raises ValueError if data cannot be read as packets."""
    groups: list[list[Any]] = []
    for packet in parse_packets(data):
        if packet_kind(packet) == "PublicKey":
            groups.append([])
        if groups:
            groups[-1].append(packet)
    return [_make_certificate(group) for group in groups]


def parse_packets(data: bytes) -> Iterator[Any]:
    """Yield the packets of data. Raises ValueError if it holds anything else."""
    from pysequoia.packet import PacketPile

    try:
        yield from PacketPile.from_bytes(data)
    except Exception as error:  # sequoia raises plain RuntimeErrors, and its words carry a backtrace
        raise ValueError((str(error).splitlines() or ["no OpenPGP packets"])[0]) from None


def packet_kind(packet: Any) -> str:
    """Return the name of a packet's tag."""
    return str(packet.tag).rpartition(".")[2]


def _signature_type(packet: Any) -> str:
    """Return the name of a signature's type."""
    return str(packet.signature_type).rpartition(".")[2]


def _make_certificate(group: Sequence[Any]) -> OpenPgpCertificate:
    """Return the certificate that a primary key and the packets after it make."""
    primary = group[0]
    own = [packet for packet in group if packet_kind(packet) == "Signature" and _issued_by(packet, primary)]
    return OpenPgpCertificate(
        fingerprint=str(primary.fingerprint).lower(),
        subkeys=tuple(str(packet.fingerprint).lower() for packet in group if packet_kind(packet) == "PublicSubkey"),
        owner=next((str(packet.user_id) for packet in group if packet_kind(packet) == "UserID"), ""),
        expires=_key_expiry(primary, own),
        revoked=any(_signature_type(signature) == "KeyRevocation" for signature in own),
        pruned=b"".join(
            _encode_packet(packet) for packet in group if packet_kind(packet) != "Signature" or packet in own
        ),
    )


def _issued_by(signature: Any, key: Any) -> bool:
    """Return whether a signature says that key made it."""
    fingerprint = str(key.fingerprint).lower()
    said = str(signature.issuer_fingerprint or signature.issuer_key_id or "").lower()
    return bool(said) and fingerprint.endswith(said)


def _key_expiry(primary: Any, own: Sequence[Any]) -> datetime | None:
    """Return when a key expires by its newest signature on itself."""
    about = [
        signature for signature in own if _signature_type(signature) in SELF_SIGNATURES and signature.signature_created
    ]
    newest = max(about, key=lambda signature: signature.signature_created, default=None)
    if newest is None or not newest.key_validity_period:
        return None
    moment: datetime = primary.key_created + newest.key_validity_period
    return moment


def _encode_packet(packet: Any) -> bytes:
    """Return a packet in the new format with a length of four bytes, b"" for kinds that no key needs."""
    tag = TAGS.get(packet_kind(packet))
    body = bytes(packet.body)
    return bytes((0xC0 | tag, 0xFF)) + len(body).to_bytes(4, "big") + body if tag else b""


def parse_signatures(blobs: Sequence[bytes]) -> list[OpenPgpSignature]:
    """Return what the signatures in blobs say of themselves; what is no signature is passed over."""
    found = []
    for blob in blobs:
        try:
            found += [
                _describe_signature(packet) for packet in parse_packets(blob) if packet_kind(packet) == "Signature"
            ]
        except ValueError:
            continue
    return found


def _describe_signature(packet: Any) -> OpenPgpSignature:
    """Return what one signature packet says. Version 3 keeps the algorithm behind time and key id."""
    body, version = bytes(packet.body), int(packet.signature_version or 0)
    at = 15 if version == 3 else 2
    number = body[at] if len(body) > at else 0
    hashed = str(packet.hash_algorithm).rpartition(".")[2]
    said = str(packet.issuer_fingerprint or packet.issuer_key_id or "").lower()
    return OpenPgpSignature(said, ALGORITHMS.get(number, f"algorithm {number}"), hashed, version)
