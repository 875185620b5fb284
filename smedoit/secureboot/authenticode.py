# SPDX-License-Identifier: GPL-3.0-or-later
"""Authenticode signatures of EFI binaries: who signed, below which certificate, and whether the signature is good.

Dates are told and not judged: firmware asks for none of them, and old media start for ever.
Source: Windows Authenticode Portable Executable Signature Format; RFC 5652, Cryptographic Message Syntax
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smedoit.secureboot.pe import EfiBinary

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

DIGESTS = ("sha256", "sha384", "sha512", "sha1")  # that firmware and shim take
LONGEST_CHAIN = 5


class BadSignatureError(ValueError):
    """What is wrong with a signature."""


@dataclass(frozen=True)
class EfiSignature:
    """One good signature of an EFI binary.

    signer  the certificate whose key signed
    chain   the certificates that came with it and lead upwards from the signer, which is the first
    """

    signer: Certificate
    chain: Sequence[Certificate]

    def leads_to(self, anchors: Iterable[Certificate]) -> Certificate | None:
        """Return the first of some trusted certificates that the chain ends at, None if it ends at none.

        Firmware and shim take an anchor that is no root, and one that is the signer itself.
        """
        for anchor in anchors:
            if any(link == anchor or _is_issued_by(link, anchor) for link in self.chain):
                return anchor
        return None


def read_signatures(binary: EfiBinary) -> list[EfiSignature]:
    """Return the signatures of an EFI binary; none if nobody signed it.

    Raises BadSignatureError for one that does not fit it, and DamagedBinaryError.
    """
    return [_read_signature(data, binary) for data in binary.signed_data()]


def _read_signature(data: bytes, binary: EfiBinary) -> EfiSignature:
    """Return a signature that is good. Raises BadSignatureError."""
    from asn1crypto import cms
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        content = cms.ContentInfo.load(data)
        signed = content["content"]
        (info,) = signed["signer_infos"]
        certificates = list(_bag_certificates(signed))
        signer = next(each for each in certificates if _is_signer(info, each))
        algorithm = info["digest_algorithm"]["algorithm"].native
        if algorithm not in DIGESTS:
            raise BadSignatureError(f"its signature has the digest {algorithm}, which no firmware takes")
        body = _indirect_data(signed["encap_content_info"]["content"].dump())
        _check_content(body, algorithm, binary)
        _check_signer_info(info, body, algorithm, signer)
    except InvalidSignature:
        raise BadSignatureError("its signature is wrong: somebody changed it") from None
    except BadSignatureError:
        raise
    except StopIteration:
        raise BadSignatureError("its signature lacks the certificate of who signed") from None
    except (ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm) as error:
        raise BadSignatureError(f"its signature cannot be read: {str(error).splitlines()[0][:200]}") from None
    return EfiSignature(signer, _upward_chain(signer, certificates))


def _bag_certificates(signed: Any) -> Iterator[Certificate]:
    """Yield the certificates that came with a signature. Raises ValueError."""
    for each in signed["certificates"] or ():
        yield load_certificate(each.chosen.dump())


def _is_signer(info: Any, certificate: Certificate) -> bool:
    """Return whether a signature says that it is by a certificate's key."""
    named = info["sid"].chosen
    return bool(
        certificate.serial_number == named["serial_number"].native
        and certificate.issuer.public_bytes() == named["issuer"].dump()
    )


def _indirect_data(tagged: bytes) -> bytes:
    """Return the content of SpcIndirectDataContent, of which the signature has a digest, out of its explicit tag."""
    from asn1crypto import parser

    _, _, _, _, sequence, _ = parser.parse(tagged)
    return bytes(parser.parse(sequence)[4])


def _check_content(body: bytes, algorithm: str, binary: EfiBinary) -> None:
    """Raise BadSignatureError unless what was signed is the digest of this binary."""
    from asn1crypto import parser
    from asn1crypto.algos import DigestInfo

    _, _, _, header, data, trailer = parser.parse(body)  # what kind of file it is, and behind that the digest
    digest = DigestInfo.load(body[len(header) + len(data) + len(trailer) :])
    if digest["digest"].native != binary.digest(algorithm):
        raise BadSignatureError("its signature is of another file: somebody changed it after it was signed")


def _check_signer_info(info: Any, body: bytes, algorithm: str, signer: Certificate) -> None:
    """Raise InvalidSignature, or BadSignatureError, unless the signer's key signed what stands in the signature."""
    import hashlib

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    attributes = info["signed_attrs"]
    said = next(each["values"][0].native for each in attributes if each["type"].native == "message_digest")
    if said != hashlib.new(algorithm, body).digest():
        raise BadSignatureError("its signature contradicts itself: somebody changed it")
    message = attributes.untag().dump(force=True)
    known = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    key = signer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(info["signature"].native, message, padding.PKCS1v15(), known[algorithm])
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(info["signature"].native, message, ec.ECDSA(known[algorithm]))
    else:
        raise BadSignatureError("its signature is by a kind of key that no firmware takes")


def _upward_chain(signer: Certificate, certificates: Sequence[Certificate]) -> list[Certificate]:
    """Return the certificates that lead upwards from the signer, as far as they came with it."""
    chain = [signer]
    while len(chain) < LONGEST_CHAIN:
        above = next((each for each in certificates if each not in chain and _is_issued_by(chain[-1], each)), None)
        if above is None:
            break
        chain.append(above)
    return chain


def _is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Return whether the issuer's key signed a certificate, and nobody changed it since."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def load_certificate(data: bytes) -> Certificate:
    """Return a certificate in DER, of which all that is asked for later can be read. Raises ValueError."""
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        certificate = load_der_x509_certificate(data)
        certificate_name(certificate)  # cryptography reads names and dates when they are asked for
        _ = certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (InvalidVersion, TypeError) as error:  # TypeError: a name of a kind that it has none for
        raise ValueError(str(error)) from None
    return certificate


def certificate_name(certificate: Certificate) -> str:
    """Return what a certificate calls itself: its common name, else all of its name."""
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else certificate.subject.rfc4514_string()
