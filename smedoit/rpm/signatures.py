# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed a package: the signatures of its header, and those over header and payload together.

rpm-rs, or rpm for legacy keys, verifies header signatures; keys.detached those over header and payload; what
a good one is worth is for keys.policy alone to say.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.bases.enterprise_linux import BaseRpm
from smedoit.config.tiers import PRACTICE_KEYS
from smedoit.keys import base_rpm, detached, openpgp, policy, rpmkeys
from smedoit.keys.keyring import PinnedKey, first_error_line
from smedoit.keys.known import PRACTICE_VENDOR
from smedoit.keys.openpgp import OpenPgpSignature
from smedoit.rpm.header import LIBRARY_ERRORS, BadPackageError, open_header, raise_system_error

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata

HEADER_TAGS = ("OPENPGP", "RSA", "DSA")
UNSIGNED = "not signed"
FEATURE = re.compile(r"rpmlib\((.*)\)")  # a requirement of rpm itself
PAYLOAD_TAGS = ("PGP", "GPG")  # 1002 and 1005: over header and payload together


@dataclass(frozen=True)
class HeaderSigner:
    """Whose signature over a header counts.

    fingerprint    of the pinned key
    created        when it signed, in seconds since 1970
    signs_payload  whether rpm found that it signed the payload besides
    """

    fingerprint: str
    created: int
    signs_payload: bool = False


def find_header_signer(path: Path, meta: PackageMetadata, keys: Sequence[PinnedKey]) -> HeaderSigner:
    """Return the signer of a package's header. Raises BadPackageError if no pinned key's signature counts."""
    import rpm_rs

    signer = _find_counted_signer(path, meta, keys)
    if signer.fingerprint in PRACTICE_KEYS.values():
        vendor = rpm_rs.Tag.VENDOR
        if not meta.header.entry_is_present(vendor) or meta.header.entry(vendor) != PRACTICE_VENDOR:
            raise BadPackageError("signed by a practice key, as everybody can, and no package of doit sample")
    return signer


def _find_counted_signer(path: Path, meta: PackageMetadata, keys: Sequence[PinnedKey]) -> HeaderSigner:
    """Return the signer whose signature counts, whoever it is."""
    signatures = _parse_signatures(meta, HEADER_TAGS)
    if any(key.ring for key in keys):
        weak = [
            signature
            for signature in _parse_signatures(meta, HEADER_TAGS + PAYLOAD_TAGS)
            if rpmkeys.is_weak_signature(signature)
        ]
        for key in keys:
            mine = [signature for signature in weak if key.is_id(signature.key)]
            if key.ring and mine:
                counted = _refuse_uncounted(key, mine)
                return HeaderSigner(key.fingerprint, counted, _rpm_verifies_payload(path, key.ring))
    return _find_signer(meta, keys, signatures)


def list_signatures(meta: PackageMetadata) -> list[OpenPgpSignature]:
    """Return what all signatures of a package say of themselves; nothing is verified."""
    return _parse_signatures(meta, HEADER_TAGS + PAYLOAD_TAGS)


def find_installer_flaw(path: Path, keys: Sequence[PinnedKey], rpm: BaseRpm) -> str:
    """Return why the rpm of a base, with these keys, does not verify the header of a package, or not unpack it; or "".

    Raises BadPackageError for what is no package.
    """
    import rpm_rs

    meta = open_header(path)
    found = {
        tag: _parse_signatures(meta, (tag,))
        for tag in HEADER_TAGS + PAYLOAD_TAGS
        if meta.signature.entry_is_present(getattr(rpm_rs.SignatureTag, tag))
    }
    certificates = [key.certificate for key in keys]
    if flaw := base_rpm.find_base_flaw(found, certificates, rpm):
        return flaw
    at = meta.package_segment_offsets()
    with path.open("rb") as file:
        file.seek(at.header)
        data = file.read(at.payload - at.header)
    for tag in (tag for tag in base_rpm.counted_tags(found, rpm) if tag in HEADER_TAGS):
        signature = found[tag][0]
        if signature.version > 4:  # rpm-rs alone verifies it, when the package is read
            continue
        [own] = [
            certificate.find_key(signature.key) for certificate in certificates if certificate.is_id(signature.key)
        ]
        check = detached.start_check(signature, own) if own else None
        if check:
            check.feed(data)
        if not check or not check.is_good():
            return f"its signature {tag} ({signature}) does not verify: damaged or forged"
    compression = _payload_compression(meta)
    if compression not in rpm.payloads:
        return f"its payload is compressed with {compression}, which {rpm.name} cannot unpack"
    asked = (asked_for[1] for relation in meta.requires() if (asked_for := FEATURE.fullmatch(relation.name)))
    lacking = sorted(set(asked) - {*rpm.features})
    return f"it needs {', '.join(f'rpmlib({name})' for name in lacking)}, and {rpm.name} has no such" if lacking else ""


def _payload_compression(meta: PackageMetadata) -> str:
    """Return what a payload is compressed with, as its header says; what does not say is gzip, or nothing."""
    import rpm_rs

    tag = rpm_rs.Tag.PAYLOADCOMPRESSOR
    return str(meta.header.entry(tag)) if meta.header.entry_is_present(tag) else "gzip"


def start_payload_checks(
    meta: PackageMetadata, keys: Sequence[PinnedKey]
) -> list[tuple[PinnedKey, detached.DetachedCheck]]:
    """Return a check of every signature over header and payload that a pinned key is said to have made.

    Raises BadPackageError for one that cannot even be parsed.
    """
    found = []
    for signature in _parse_signatures(meta, PAYLOAD_TAGS, strict=True):
        for key in keys:
            own = key.certificate.find_key(signature.key)
            check = detached.start_check(signature, own) if own else None
            if check:
                found.append((key, check))
    return found


def is_payload_proven(checks: Sequence[tuple[PinnedKey, detached.DetachedCheck]]) -> bool:
    """Return whether one of the checks, fed with header and payload, proves them.

    Raises BadPackageError for a signature that is there and wrong, whatever it would be worth.
    """
    for key, check in checks:
        if not check.is_good():
            raise BadPackageError(
                f"the signature of {key.name} over its header and payload does not verify: damaged or forged"
            )
    return any(_judge(key, check.signature).counted for key, check in checks)


def _judge(key: PinnedKey, signature: OpenPgpSignature) -> policy.SignatureVerdict:
    """Return what a signature is worth that key was found to have made."""
    return policy.judge_signature(signature, key.certificate, legacy_allowed=key.ring is not None)


def _rpm_verifies_payload(path: Path, ring: rpmkeys.LegacyKeyring) -> bool:
    """Return whether rpm finds the payload signed besides the header, by the one key of ring."""
    try:
        return ring.payload_signed(path)
    except rpmkeys.UnverifiedError as why:
        raise BadPackageError(f"rpm does not verify it with {ring.name}: {why}") from None


def _find_signer(
    meta: PackageMetadata, keys: Sequence[PinnedKey], signatures: Sequence[OpenPgpSignature]
) -> HeaderSigner:
    """Return whose signature over the header is good, as rpm-rs sees it, and counts."""
    refused: BadPackageError | None = None
    for key in keys:
        verified = _verified_signatures(meta, key, keys)
        mine = [signature for signature in signatures if key.is_id(signature.key) and _identity(signature) in verified]
        if mine:
            try:
                return HeaderSigner(key.fingerprint, _refuse_uncounted(key, mine))
            except BadPackageError as bad:
                refused = refused or bad
    raise refused or _untrusted_error(meta, keys)


def _verified_signatures(meta: PackageMetadata, key: PinnedKey, keys: Sequence[PinnedKey]) -> set[tuple[str, int]]:
    """Return key id and time of the header signatures that key made. Raises BadPackageError if one is wrong."""
    try:
        report = meta.check_signatures(key.verifier) if key.verifier else None
    except LIBRARY_ERRORS as error:
        raise_system_error(error)
        raise _untrusted_error(meta, keys, first_error_line(error)) from None
    if report is None:
        return set()
    if not report.digests.is_ok():
        raise BadPackageError("its header does not match its own digest: damaged")
    for signature in report.signatures:
        named = str(signature.info.fingerprint or signature.info.key_id or "")
        if not signature.is_verified() and key.is_id(named):
            why = first_error_line(ValueError(signature.error))
            raise BadPackageError(f"its signature does not verify ({why}): damaged or forged")
    good = [signature.info for signature in report.signatures if signature.is_verified()]
    return {(str(info.fingerprint or info.key_id or "")[-16:].lower(), int(info.created or 0)) for info in good}


def _identity(signature: OpenPgpSignature) -> tuple[str, int]:
    """Return what two libraries call the same signature by: the end of its key's id, and its time."""
    return signature.key[-16:], int(signature.created.timestamp()) if signature.created else 0


def _refuse_uncounted(key: PinnedKey, signatures: Sequence[OpenPgpSignature]) -> int:
    """Return when the first signature that counts was made. Raises BadPackageError if none does."""
    verdicts = [_judge(key, signature) for signature in signatures]
    for signature, verdict in zip(signatures, verdicts, strict=True):
        if verdict.counted and signature.created:
            return int(signature.created.timestamp())
    signature, verdict = signatures[0], verdicts[0]
    leave = '; only legacy_reason = "why" in its [[keys]] entry lets it count' if verdict.is_weak else ""
    raise BadPackageError(f"the signature of {key.name} ({signature}) does not count: {verdict.reason}{leave}")


def _untrusted_error(meta: PackageMetadata, keys: Sequence[PinnedKey], obstacle: str = "") -> BadPackageError:
    """Return why the signature of no pinned key stands on a header.

    obstacle  why rpm-rs could not even look, in its own words
    """
    claimed = _parse_signatures(meta, HEADER_TAGS + PAYLOAD_TAGS)
    for key in keys:
        for signature in claimed:
            if key.is_id(signature.key) and (key.obstacle or obstacle):
                why = f"signed by {key.name} with {signature}, which cannot be checked here: {key.obstacle or obstacle}"
                return BadPackageError(f'{why}; only legacy_reason = "why" in its [[keys]] entry lets rpm check it')
    ids = sorted({signature.key for signature in claimed if not any(key.is_id(signature.key) for key in keys)} - {""})
    if ids:
        weak = sorted({str(signature) for signature in claimed if rpmkeys.is_weak_signature(signature)})
        kind = f"with {' and '.join(weak)} " if weak else ""
        return BadPackageError(f"signed {kind}by key {' and '.join(ids)}, which release.toml does not trust", keys=ids)
    if claimed:
        return BadPackageError("no signature stands over its header alone, and none of a pinned key was verified")
    return BadPackageError(f"its signature cannot be checked here: {obstacle}" if obstacle else UNSIGNED)


def _parse_signatures(meta: PackageMetadata, tags: Sequence[str], *, strict: bool = False) -> list[OpenPgpSignature]:
    """Return what the signatures under tags say of themselves, also those that rpm-rs passes over.

    strict  whether a value that holds no signature is refused
    """
    import rpm_rs

    found = []
    for name in tags:
        tag = getattr(rpm_rs.SignatureTag, name)
        if meta.signature.entry_is_present(tag):
            value = meta.signature.entry(tag)
            for blob in value if isinstance(value, list) else [value]:
                parsed = openpgp.parse_signatures([_decode_signature(blob)])
                if strict and not parsed:
                    raise BadPackageError("the signature over its header and payload cannot be parsed: damaged")
                found += parsed
    return found


def _decode_signature(value: bytes | str | int) -> bytes:
    """Return a signature as bytes: newer tags hold it in base64; what is none of that says nothing."""
    try:
        return value if isinstance(value, bytes) else binascii.a2b_base64(str(value).encode())
    except binascii.Error:
        return b""
