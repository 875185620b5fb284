# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rpm of a base can verify: who installs from a medium has that rpm, and not the libraries that we check with.

Rules are data, one value for each rpm; nothing here reads a file. A signature that is found good here, and
that the base's rpm passes over or cannot check, is none for the people who install.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smedoit.bases.enterprise_linux import BaseRpm, OwnSignatures
from smedoit.keys.openpgp import OpenPgpCertificate, OpenPgpKey, OpenPgpSignature

BROKEN = {
    "SHA1": "SHA-1",
    "MD5": "MD5",
    "RipeMD": "RIPEMD-160",
}  # as sentences say them


def find_base_flaw(
    signatures: Mapping[str, Sequence[OpenPgpSignature]], keys: Sequence[OpenPgpCertificate], rpm: BaseRpm
) -> str:
    """Return why the rpm of a base, which has keys, does not verify a package; "" if it does.

    signatures  tag -> what stands under it; a tag that is there and holds nothing that can be parsed has none

    Each signature that it looks at must be good, for `rpm -K` asks for all of them.
    """
    seen = [(tag, signatures[tag]) for tag in counted_tags(signatures, rpm)]
    if not seen:
        return f"not signed for {rpm.name}, which looks at {', '.join(rpm.tags)} only" if signatures else "not signed"
    for tag, found in seen:
        if not found:
            return f"its signature {tag} cannot be parsed"
        if reason := _signature_flaw(found[0], keys, rpm):  # it counts the first of several under one tag
            return f"its signature {tag} ({found[0]}) {reason}"
    return ""


def counted_tags(signatures: Mapping[str, object], rpm: BaseRpm) -> list[str]:
    """Return the tags of a package's signatures that the rpm of a base looks at."""
    there = [tag for tag in rpm.tags if tag in signatures]
    return there or [tag for tag in rpm.later_tags if tag in signatures]


def find_key_flaw(certificate: OpenPgpCertificate, rpm: BaseRpm) -> str:
    """Return why the rpm of a base does not import a key, "" if it does."""
    primary, *subkeys = certificate.keys
    if rpm.own is OwnSignatures.ALL and (digest := _refused_digest(primary, rpm)):
        return f"its owner vouches for it with {digest}, which {rpm.name} refuses"
    if rpm.own is OwnSignatures.BINDINGS:
        for subkey in subkeys:
            if digest := _refused_digest(subkey, rpm):
                return f"its owner vouches for the subkey {subkey.fingerprint} with {digest}, which {rpm.name} refuses"
    return ""


def find_key_remark(certificate: OpenPgpCertificate, rpm: BaseRpm) -> str:
    """Return what a later rpm has against a key that this one takes, "" for nothing: people upgrade."""
    digest = _refused_digest(certificate.keys[0], rpm) if rpm.own is OwnSignatures.BINDINGS else ""
    return f"its owner vouches for it with {digest}: {rpm.name} does not look, later ones refuse it" if digest else ""


def _refused_digest(key: OpenPgpKey, rpm: BaseRpm) -> str:
    """Return the digest with which a key's owner vouches for it, if none of them is taken; "" otherwise."""
    taken = not key.vouched or any(digest in rpm.hashes for digest in key.vouched)
    return "" if taken else BROKEN.get(key.vouched[0], key.vouched[0])


def _signature_flaw(signature: OpenPgpSignature, keys: Sequence[OpenPgpCertificate], rpm: BaseRpm) -> str:
    """Return what speaks against one signature, "" if nothing does."""
    if signature.hash in BROKEN and signature.hash not in rpm.hashes:
        return f"is made with {BROKEN[signature.hash]}, which {rpm.name} refuses"
    for value, known in (
        (signature.version, rpm.versions),
        (signature.algorithm, rpm.algorithms),
        (signature.hash, rpm.hashes),
    ):
        if value not in known:
            return f"cannot be checked by {rpm.name}"
    owner = next((certificate for certificate in keys if certificate.is_id(signature.key)), None)
    key = owner.find_key(signature.key) if owner else None
    if owner is None or key is None:
        return f"is by key {signature.key or 'of nobody'}, which is not on the medium"
    if key is not owner.keys[0] and not rpm.subkeys:
        return f"is by the subkey {key.fingerprint}, and {rpm.name} knows primary keys only"
    if key is not owner.keys[0] and rpm.own is OwnSignatures.ALL and (digest := _refused_digest(key, rpm)):
        return f"is by the subkey {key.fingerprint}, vouched for with {digest}, which {rpm.name} refuses"
    if key.algorithm == "RSA" and key.bits < rpm.rsa_bits:
        return f"is by an RSA key of {key.bits} bits, and {rpm.name} takes {rpm.rsa_bits} at least"
    if key.algorithm == "DSA" and key.bits > rpm.dsa_bits:
        return f"is by a DSA key of {key.bits} bits, and {rpm.name} takes {rpm.dsa_bits} at most"
    return ""
