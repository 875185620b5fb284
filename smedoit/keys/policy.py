# SPDX-License-Identifier: GPL-3.0-or-later
"""What a signature is worth: one table for every package, whoever verified the mathematics.

| what                                         | worth                                                     |
|----------------------------------------------|-----------------------------------------------------------|
| RSA of 2048 bits or more, ECDSA, EdDSA,      | counted                                                   |
| Ed25519, Ed448, ML-DSA with one of them      |                                                           |
| RSA of 1024 to 2047 bits, DSA of 1024 bits   | counted with `legacy_reason` only                         |
| or more                                      |                                                           |
| any other algorithm or size                  | refused                                                   |
| SHA-224 to SHA-512, SHA3-256, SHA3-512       | counted                                                   |
| SHA-1, MD5, RIPEMD-160                       | counted with `legacy_reason` only                         |
| any other digest                             | refused                                                   |
| key or subkey revoked as compromised, or     | refused, whenever it was made: its time proves nothing    |
| without a reason                             |                                                           |
| key or subkey revoked as superseded, retired | counted if made before, refused from then on              |
| key or subkey expired                        | counted if made before, refused from then on; what the    |
|                                              | primary key of `[[keys]]` is worth once it has expired    |
|                                              | before `[release] date` is for `expired_reason` to say    |
| made before its key was                      | refused                                                   |
| subkey that is not for signing               | refused                                                   |
| no creation time                             | refused                                                   |
| a signature that expires                     | refused: a medium is installed years later                |
| made after `[release] date`                  | refused on media; tiers live on, and take it              |

Nothing here reads a file, a clock or a setting: facts in, a verdict out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smedoit.keys.openpgp import OpenPgpCertificate, OpenPgpKey, OpenPgpSignature

RULES = 2  # raised whenever a verdict may be another than before, so that none that was remembered counts
MODERN_ALGORITHMS = ("ECDSA", "EdDSA", "Ed25519", "Ed448", "ML-DSA-65+Ed25519", "ML-DSA-87+Ed448")
MODERN_HASHES = ("SHA224", "SHA256", "SHA384", "SHA512", "SHA3_256", "SHA3_512")
LEGACY_HASHES = ("SHA1", "MD5", "RipeMD")
RSA_BITS, LEGACY_BITS = 2048, 1024  # the least that counts, and the least that legacy_reason lets count


@dataclass(frozen=True)
class SignatureVerdict:
    """Whether a signature counts, and if not, why: the rest of a sentence about the signature.

    is_weak  whether only the algorithm, digest or size speaks against it, which legacy_reason lets pass
    """

    reason: str = ""
    is_weak: bool = False

    @property
    def counted(self) -> bool:
        """Whether it counts."""
        return not self.reason


COUNTED = SignatureVerdict()


def judge_signature(
    signature: OpenPgpSignature,
    certificate: OpenPgpCertificate,
    legacy_allowed: bool,
    date: datetime | None = None,
) -> SignatureVerdict:
    """Return what a signature is worth that one of the keys of certificate was found to have made.

    legacy_allowed  whether release.toml lets legacy algorithms of this key count
    date            of the release, None where packages of tiers are read that live on after it
    """
    key = certificate.find_key(signature.key)
    if key is None:
        return SignatureVerdict(f"made by key {signature.key or 'of nobody'}, which is none of {certificate.owner}")
    if flaw := _hash_flaw(signature) or _algorithm_flaw(signature, key):
        return SignatureVerdict(flaw)
    if reason := _time_flaw(signature, date) or _key_flaw(signature, key, certificate):
        return SignatureVerdict(reason)
    weakness = "" if legacy_allowed else _find_weakness(signature, key)
    return SignatureVerdict(weakness, is_weak=True) if weakness else COUNTED


def is_signed_after(created: datetime, date: datetime) -> bool:
    """Return whether a signature was made after the date of the release."""
    return created > date


def _hash_flaw(signature: OpenPgpSignature) -> str:
    """Return why nothing lets this digest count, "" if it may."""
    return "" if signature.hash in (*MODERN_HASHES, *LEGACY_HASHES) else f"digest {signature.hash} is not accepted"


def _algorithm_flaw(signature: OpenPgpSignature, key: OpenPgpKey) -> str:
    """Return why nothing lets this algorithm or size count, "" if it may."""
    if signature.algorithm != key.algorithm:
        return f"it claims {signature.algorithm}, but its key is {key.algorithm}"
    if key.algorithm in MODERN_ALGORITHMS:
        return ""
    if key.algorithm not in ("RSA", "DSA"):
        return f"{key.algorithm} is not accepted"
    return f"{key.algorithm} of {key.bits} bits is not accepted" if key.bits < LEGACY_BITS else ""


def _find_weakness(signature: OpenPgpSignature, key: OpenPgpKey) -> str:
    """Return what only legacy_reason lets count, "" if there is nothing of that kind."""
    if signature.hash in LEGACY_HASHES:
        return f"{signature.hash} no longer counts"
    if key.algorithm == "DSA":
        return "DSA no longer counts"
    if key.algorithm == "RSA" and key.bits < RSA_BITS:
        return f"RSA of {key.bits} bits no longer counts"
    return ""


def _time_flaw(signature: OpenPgpSignature, date: datetime | None) -> str:
    """Return what is wrong with the times of a signature, "" if nothing is."""
    if signature.created is None:
        return "it does not say when it was made"
    if signature.expires is not None:
        return f"it expires on {signature.expires:%Y-%m-%d}; packages are signed without an end"
    if date is not None and is_signed_after(signature.created, date):
        return f"made on {signature.created:%Y-%m-%d}, after [release] date {date:%Y-%m-%d}"
    return ""


def _key_flaw(signature: OpenPgpSignature, key: OpenPgpKey, certificate: OpenPgpCertificate) -> str:
    """Return what state of the key, or of the primary key above it, speaks against a signature; "" if none does."""
    if not key.signs:
        return f"key {key.fingerprint} is not for signing"
    primary = certificate.keys[0]
    for held, name in ((primary, "key"), *([(key, "subkey")] if key is not primary else [])):
        if reason := _state_flaw(held, signature.created):
            return f"{name} {held.fingerprint} {reason}"
    return ""


def _state_flaw(key: OpenPgpKey, created: datetime | None) -> str:
    """Return why a key did not count when a signature was created, "" if it did."""
    if created is None or created < key.created:
        return f"was made on {key.created:%Y-%m-%d}, after the signature"
    if key.revoked and key.compromised:
        return "is revoked as compromised"
    if key.revoked and key.revoked <= created:
        return f"was revoked on {key.revoked:%Y-%m-%d}, before it signed"
    if key.expires and key.expires <= created:
        return f"expired on {key.expires:%Y-%m-%d}, before it signed"
    return ""
