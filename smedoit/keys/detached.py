# SPDX-License-Identifier: GPL-3.0-or-later
"""A detached signature over a stream of bytes: hashed as it is read, verified at its end (RFC 9580, 5.2).

rpm-rs verifies what stands over a header alone, and no library at hand takes version 3 signatures over
header and payload. The mathematics is that of `cryptography`; only the packet's numbers are taken apart here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from smedoit.keys.openpgp import OpenPgpKey, OpenPgpSignature

HASHES = {"SHA1": "sha1", "MD5": "md5", "RipeMD": "ripemd160", "SHA224": "sha224", "SHA256": "sha256",
          "SHA384": "sha384", "SHA512": "sha512", "SHA3_256": "sha3_256", "SHA3_512": "sha3_512"}  # fmt: skip
CURVES = {"2a8648ce3d030107": "SECP256R1", "2b81040022": "SECP384R1", "2b81040023": "SECP521R1"}
ED25519 = "2b06010401da470f01"
BINARY = 0  # type of a signature over bytes as they are


@dataclass
class DetachedCheck:
    """One signature that is being checked: feed() it all bytes in order, then ask is_good()."""

    signature: OpenPgpSignature
    key: OpenPgpKey
    digest: Any = field(repr=False)

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        self.digest.update(block)

    def is_good(self) -> bool:
        """Return whether the key made the signature over the bytes that were fed."""
        try:
            kind, trailer, numbers = _split_signature(self.signature.body)
            digest = self.digest.copy()
            digest.update(trailer)
            return kind == BINARY and _verify_numbers(self, digest.digest(), numbers)
        except (ValueError, IndexError, OverflowError):
            return False


def start_check(signature: OpenPgpSignature, key: OpenPgpKey) -> DetachedCheck | None:
    """Return a check of signature by key; None for a version, algorithm or digest that nobody signs packages with."""
    name = HASHES.get(signature.hash, "")
    if signature.version not in (3, 4) or name not in hashlib.algorithms_available:
        return None
    if key.algorithm not in ("RSA", "DSA", "ECDSA", "EdDSA"):
        return None
    return DetachedCheck(signature, key, hashlib.new(name, usedforsecurity=False))


def _split_signature(body: bytes) -> tuple[int, bytes, list[int]]:
    """Return (type, what is hashed behind the data, numbers) of a signature packet of version 3 or 4."""
    if body[0] == 3:
        return body[2], body[2:7], _read_numbers(body[19:])
    end = 6 + int.from_bytes(body[4:6], "big")
    unhashed = int.from_bytes(body[end : end + 2], "big")
    return body[1], body[:end] + b"\4\xff" + end.to_bytes(4, "big"), _read_numbers(body[end + 2 + unhashed + 2 :])


def _read_numbers(data: bytes) -> list[int]:
    """Return the multiprecision integers of data. Raises ValueError where it does not end with one."""
    numbers, at = [], 0
    while at < len(data):
        size = (int.from_bytes(data[at : at + 2], "big") + 7) // 8
        if at + 2 + size > len(data):
            raise ValueError("a number ends behind its packet")
        numbers.append(int.from_bytes(data[at + 2 : at + 2 + size], "big"))
        at += 2 + size
    return numbers


def _verify_numbers(check: DetachedCheck, digest: bytes, numbers: list[int]) -> bool:
    """Return whether the numbers of a signature fit digest. Raises ValueError for numbers that cannot be any."""
    from cryptography.exceptions import InvalidSignature

    algorithm, body = check.key.algorithm, check.key.body
    try:
        if algorithm == "RSA":
            _verify_rsa(body, check.signature.hash, digest, numbers)
        elif algorithm == "DSA":
            _verify_dsa(body, digest, numbers)
        else:
            _verify_curve(body, check.signature.hash, digest, numbers)
    except InvalidSignature:
        return False
    return True


def _hash_class(name: str) -> Any:
    """Return cryptography's name for a digest that is already computed. Raises ValueError if it has none."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    found = getattr(hashes, name, None)
    if found is None:
        raise ValueError(f"{name} is no digest of cryptography")
    return Prehashed(found())


def _verify_rsa(body: bytes, name: str, digest: bytes, numbers: list[int]) -> None:
    """Raise InvalidSignature unless the one number is an RSA signature of digest."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    modulus, exponent = _read_numbers(body[6:])
    [value] = numbers
    size = (modulus.bit_length() + 7) // 8
    if value >= modulus:
        raise ValueError("a number larger than its key")
    key = RSAPublicNumbers(exponent, modulus).public_key()
    key.verify(value.to_bytes(size, "big"), digest, PKCS1v15(), _hash_class(name))


def _verify_dsa(body: bytes, digest: bytes, numbers: list[int]) -> None:
    """Raise InvalidSignature unless the two numbers are a DSA signature of digest, of which the leftmost bits count."""
    from cryptography.hazmat.primitives.asymmetric.dsa import DSAParameterNumbers, DSAPublicNumbers
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    p, q, g, y = _read_numbers(body[6:])
    r, s = numbers
    cut = digest[: (q.bit_length() + 7) // 8]
    key = DSAPublicNumbers(y, DSAParameterNumbers(p, q, g)).public_key()
    key.verify(encode_dss_signature(r, s), cut, _hash_class({20: "SHA1", 28: "SHA224"}.get(len(cut), "SHA256")))


def _verify_curve(body: bytes, name: str, digest: bytes, numbers: list[int]) -> None:
    """Raise InvalidSignature unless the two numbers are an ECDSA or Ed25519 signature of digest."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    length = body[6]
    curve = body[7 : 7 + length].hex()
    [number] = _read_numbers(body[7 + length :])
    point = number.to_bytes((number.bit_length() + 7) // 8, "big")
    r, s = numbers
    if curve == ED25519:
        Ed25519PublicKey.from_public_bytes(point[1:]).verify(r.to_bytes(32, "big") + s.to_bytes(32, "big"), digest)
    elif curve in CURVES:
        key = ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, CURVES[curve])(), point)
        key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(_hash_class(name)))
    else:
        raise ValueError(f"no curve {curve}")
