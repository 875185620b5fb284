# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP packets as they are: owner, expiry, revocation and signer.

Sequoia's own policy refuses a key whose self-signature is SHA-1, as the
keys of EL 5 to 7 do; the packets say it all the same. Nothing is verified here: a key file
is believed because release.toml pins its fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from smedoit.runtime import foreign

TAGS = {"PublicKey": 6, "PublicSubkey": 14, "UserID": 13, "UserAttribute": 17, "Signature": 2}  # RFC 9580, 5
ALGORITHMS = {1: "RSA", 2: "RSA", 3: "RSA", 16: "ElGamal", 17: "DSA", 18: "ECDH", 19: "ECDSA", 22: "EdDSA",
              27: "Ed25519", 28: "Ed448", 30: "ML-DSA-65+Ed25519", 31: "ML-DSA-87+Ed448"}  # fmt: skip
SELF_SIGNATURES = ("DirectKey", "GenericCertification", "PersonaCertification", "CasualCertification",
                   "PositiveCertification")  # fmt: skip
ARMOR = b"-----BEGIN PGP "  # what begins a block; rpm --import looks for it anywhere in a file, and takes every block
LARGEST = (
    1 << 18
)  # bytes of packets; a key with all that others signed on it has half of that, a mebibyte takes seconds
REVOCATION_REASON = 29  # type of the subpacket that says why, RFC 9580, 5.2.3.31
SOFT_REASONS = (1, 3, 32)  # superseded, retired, user id no longer valid: what was signed before still counts


@dataclass(frozen=True)
class OpenPgpKey:
    """A primary key or a subkey.

    bits         of the modulus of an RSA or DSA key; 0 for others, whose algorithm says it
    signs        whether it may sign data at all, as far as its owner said anything about that
    expires      when it stops counting, None for never
    revoked      when its owner took it back, None if not
    compromised  whether it was taken back for a reason that makes earlier signatures worthless, or for none at all
    body         its packet without the header: version, creation time, algorithm, numbers
    vouched      digests of the signatures by which its owner vouches for it: over names, or over the subkey
    """

    fingerprint: str
    algorithm: str
    bits: int
    signs: bool
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    compromised: bool
    body: bytes = field(repr=False)
    vouched: tuple[str, ...] = ()

    def is_id(self, key_id: str) -> bool:
        """Return whether key_id, a fingerprint or the tail of one, means this key."""
        return bool(key_id) and self.fingerprint.endswith(key_id.lower())


@dataclass(frozen=True)
class OpenPgpCertificate:
    """One public key with all that belongs to it.

    keys    the primary key, then its subkeys
    owner   its first user id
    pruned  the certificate without what others signed: rpm's parser stumbles over that
    """

    keys: tuple[OpenPgpKey, ...]
    owner: str
    pruned: bytes

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the primary key, which stands for the whole."""
        return self.keys[0].fingerprint

    @property
    def subkeys(self) -> tuple[str, ...]:
        """The fingerprints of the others."""
        return tuple(key.fingerprint for key in self.keys[1:])

    @property
    def expires(self) -> datetime | None:
        """When the primary key stops counting, None for never."""
        return self.keys[0].expires

    @property
    def revoked(self) -> bool:
        """Whether the owner took the primary key back."""
        return self.keys[0].revoked is not None

    def find_key(self, key_id: str) -> OpenPgpKey | None:
        """Return the primary key or subkey that key_id, the tail of a fingerprint, means."""
        return next((key for key in self.keys if key.is_id(key_id)), None)

    def is_id(self, key_id: str) -> bool:
        """Return whether key_id, the tail of a fingerprint, means this key or one of its subkeys."""
        return self.find_key(key_id) is not None


@dataclass(frozen=True)
class OpenPgpSignature:
    """What a signature says of itself.

    key      a fingerprint or a key id, "" if it does not say
    created  when it was made, expires when it stops counting; None if it does not say
    body     its packet without the header
    """

    key: str
    algorithm: str
    hash: str
    version: int
    created: datetime | None = None
    expires: datetime | None = None
    body: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        return f"V{self.version} {self.algorithm}/{self.hash}"


def parse_certificates(data: bytes) -> list[OpenPgpCertificate]:
    """Return every public key in data, armored or not. Raises ValueError if data cannot be read as packets."""
    groups: list[list[Any]] = []
    try:
        with foreign.translate_panics():
            for packet in parse_packets(data):
                if packet_kind(packet) == "PublicKey":
                    groups.append([])
                if groups:
                    groups[-1].append(packet)
            return [_make_certificate(group) for group in groups]
    except (RuntimeError, IndexError, OverflowError) as error:
        raise ValueError((str(error).splitlines() or ["damaged packets"])[0]) from None


def split_blocks(data: bytes) -> list[bytes]:
    """Return the armored blocks of data, each from its beginning on; data itself if it is not armored."""
    return [ARMOR + block for block in data.split(ARMOR)[1:]] or [data]


def has_secret_key(data: bytes) -> bool:
    """Return whether one of the blocks of data holds a secret key. Raises ValueError if one cannot be parsed."""
    return any(
        packet_kind(packet).startswith("Secret") for block in split_blocks(data) for packet in parse_packets(block)
    )


def parse_packets(data: bytes) -> Iterator[Any]:
    """Yield the packets of data, of the first block if it is armored. Raises ValueError if it holds anything else."""
    from pysequoia.packet import PacketPile

    if len(data) > LARGEST:
        raise ValueError(f"{len(data)} bytes are more than any key has")
    try:
        with foreign.translate_panics():
            pile = PacketPile.from_bytes(data)
        yield from pile
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
    starts = [at for at, packet in enumerate(group) if packet_kind(packet) in ("PublicKey", "PublicSubkey")]
    parts = [group[start:end] for start, end in zip(starts, [*starts[1:], len(group)], strict=True)]
    return OpenPgpCertificate(
        keys=(
            _make_key(primary, own),  # what is about it may stand anywhere: revocations are often appended
            *(_make_key(part[0], [packet for packet in part[1:] if packet in own]) for part in parts[1:]),
        ),
        owner=next((str(packet.user_id) for packet in group if packet_kind(packet) == "UserID"), ""),
        pruned=b"".join(
            _encode_packet(packet) for packet in group if packet_kind(packet) != "Signature" or packet in own
        ),
    )


def _make_key(packet: Any, own: Sequence[Any]) -> OpenPgpKey:
    """Return one key of a certificate; own are the signatures on it that its owner made."""
    is_primary, body = packet_kind(packet) == "PublicKey", bytes(packet.body)
    kinds = SELF_SIGNATURES if is_primary else ("SubkeyBinding",)
    about = [signature for signature in own if _signature_type(signature) in kinds and signature.signature_created]
    newest = max(about, key=lambda signature: signature.signature_created, default=None)
    flags = newest.key_flags if newest else None
    revocation = "KeyRevocation" if is_primary else "SubkeyRevocation"
    revocations = [signature for signature in own if _signature_type(signature) == revocation]
    lasts = newest.key_validity_period if newest else None
    number = body[5] if len(body) > 5 else 0
    return OpenPgpKey(
        fingerprint=str(packet.fingerprint).lower(),
        algorithm=ALGORITHMS.get(number, f"algorithm {number}"),
        bits=_modulus_bits(body) if ALGORITHMS.get(number) in ("RSA", "DSA") else 0,
        signs=flags.signing if flags else True,
        created=packet.key_created,
        expires=packet.key_created + lasts if lasts else None,
        revoked=min((revocation.signature_created or packet.key_created for revocation in revocations), default=None),
        compromised=any(_revocation_reason(bytes(packet.body)) not in SOFT_REASONS for packet in revocations),
        body=body,
        vouched=tuple(dict.fromkeys(_digest_name(signature) for signature in about)),
    )


def _digest_name(signature: Any) -> str:
    """Return the name of a signature's digest."""
    return str(signature.hash_algorithm).rpartition(".")[2]


def _modulus_bits(body: bytes) -> int:
    """Return the length of the first number of a key packet: a version 6 packet has four bytes more before it."""
    at = 10 if body[0] == 6 else 6
    return int.from_bytes(body[at : at + 2], "big")


def _revocation_reason(body: bytes) -> int:
    """Return the code of the reason in the hashed part of a revocation, 0 (no reason) if there is none."""
    width = 4 if body[:1] == b"\6" else 2
    if body[:1] not in (b"\4", b"\6"):
        return 0
    end = 4 + width + int.from_bytes(body[4 : 4 + width], "big")
    at = 4 + width
    while at < min(end, len(body)):
        length, at = body[at], at + 1
        if 192 <= length < 255:
            length, at = ((length - 192) << 8) + body[at] + 192, at + 1
        elif length == 255:
            length, at = int.from_bytes(body[at : at + 4], "big"), at + 4
        if length > 1 and body[at] & 0x7F == REVOCATION_REASON:
            return body[at + 1]
        at += max(length, 1)
    return 0


def _issued_by(signature: Any, key: Any) -> bool:
    """Return whether a signature says that key made it."""
    fingerprint = str(key.fingerprint).lower()
    said = str(signature.issuer_fingerprint or signature.issuer_key_id or "").lower()
    return bool(said) and fingerprint.endswith(said)


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
            with foreign.translate_panics():
                found += [
                    _describe_signature(packet) for packet in parse_packets(blob) if packet_kind(packet) == "Signature"
                ]
        except (ValueError, RuntimeError):  # sequoia parses a damaged packet, and stumbles over what it should say
            continue
    return found


def _describe_signature(packet: Any) -> OpenPgpSignature:
    """Return what one signature packet says. Version 3 keeps the algorithm behind time and key id."""
    body, version = bytes(packet.body), int(packet.signature_version or 0)
    at = 15 if version == 3 else 2
    number = body[at] if len(body) > at else 0
    return OpenPgpSignature(
        key=str(packet.issuer_fingerprint or packet.issuer_key_id or "").lower(),
        algorithm=ALGORITHMS.get(number, f"algorithm {number}"),
        hash=_digest_name(packet),
        version=version,
        created=packet.signature_created,
        expires=packet.signature_expiration_time,
        body=body,
    )
