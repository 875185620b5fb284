# SPDX-License-Identifier: GPL-3.0-or-later
"""RPM files into verified Packages: header, digests and signature, through rpm-rs.

There is no Package without a signature of a pinned key over its header and a payload that
matches what the header says. What cannot be checked is refused with the reason.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smedoit.errors import PackageError
from smedoit.keys import openpgp, rpmkeys
from smedoit.keys.keyring import PinnedKey, first_error_line
from smedoit.package import Evr, Package
from smedoit.runtime import files

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata, RpmFile, SignatureInfo

PAYLOAD_DIGESTS = {"PAYLOADSHA256": "sha256", "PAYLOAD_SHA512": "sha512", "PAYLOAD_SHA3_256": "sha3_256"}
LEAD, INTRO, ENTRY = 96, 16, 16  # bytes before the headers, of a header's beginning, of one entry of its index
MAGIC = b"\x8e\xad\xe8\x01" + bytes(4)  # begins a header; rpm demands the zeros as well
WIDTHS = {3: 2, 4: 4, 5: 8}  # type of a value -> its bytes; of all others one at least
LIBRARY_ERRORS = (RuntimeError, ValueError, OSError)  # what rpm-rs raises for a file that it does not like
SIGNATURE_TAGS = ("OPENPGP", "RSA", "DSA", "PGP", "GPG")  # the last two over header and payload together


class BadPackageError(Exception):
    """Why one file is refused: a short reason that many files may share, and no file name.

    keys    ids of the keys that would have to be trusted, where that is all that is missing
    claims  what the header says, unverified, where there is one
    passing whether the next reading may find it better: the file was changing
    """

    def __init__(self, reason: str, *, keys: Sequence[str] = (), passing: bool = False) -> None:
        super().__init__(reason)
        self.keys, self.passing = tuple(keys), passing
        self.claims: Package | None = None


def read_package(path: Path, file: str, keys: Sequence[PinnedKey]) -> Package:
    """Return the package at path; file is the name it shall carry.

    Raises BadPackageError with a reason to group by, FileError if it cannot be read at all.
    """
    with files.wrap_os_errors(path, "read"):
        before = files.stamp_file(path)
        meta = open_header(path)
        try:
            return _verify_package(path, file, meta, keys, before)
        except BadPackageError as bad:
            bad.claims = read_unverified_header(meta, file, before.size)
            raise


def find_signing_key(path: Path, keys: Sequence[PinnedKey]) -> str:
    """Return the fingerprint of the pinned key that signed the header at path. Raises BadPackageError, FileError."""
    with files.wrap_os_errors(path, "read"):
        return _find_signer(path, open_header(path), keys)[0]


def _verify_package(
    path: Path, file: str, meta: PackageMetadata, keys: Sequence[PinnedKey], before: files.FileStamp
) -> Package:
    """Return the package at path once signature, payload and name are found good."""
    key, payload_signed = _find_signer(path, meta, keys)
    sha256 = _hash_file(path, 0, hashlib.sha256())[1] if payload_signed else check_payload(path, meta)
    if files.stamp_file(path) != before:
        raise BadPackageError("changed while it was being read; is somebody still copying it?", passing=True)
    package = _package_from_header(meta, file, before.size, sha256, key)
    if package.filename != path.name:
        raise BadPackageError(f"its name belies its header, which says {package.filename}")
    return package


def read_unverified_header(meta: PackageMetadata, file: str, size: int) -> Package | None:
    """Return what a header that nobody vouches for says, None where it is too damaged to say anything."""
    try:
        return _package_from_header(meta, file, size, "", "")
    except (*LIBRARY_ERRORS, TypeError, IndexError):
        return None


def build_time(path: Path) -> int:
    """Return when a package was built, by its header, in seconds since 1970. Raises FileError, PackageError."""
    import rpm_rs

    with files.wrap_os_errors(path, "read"):
        try:
            found = open_header(path).header.entry(rpm_rs.Tag.BUILDTIME)
        except (BadPackageError, *LIBRARY_ERRORS) as error:
            _raise_if_system(error)
            raise PackageError(f"{path}: does not say when it was built, {first_error_line(error)}") from None
    return int(found[0] if isinstance(found, list) else found)


def payload_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every regular file of a package that has been verified."""
    import rpm_rs

    for entry in rpm_rs.PackageReader.open(str(path)):
        if entry.content is not None:
            yield str(entry.metadata.path), entry.content


def open_header(path: Path) -> PackageMetadata:
    """Return rpm-rs's metadata of path."""
    import rpm_rs

    _check_header_bounds(path)
    try:
        return rpm_rs.PackageMetadata.open(str(path))
    except LIBRARY_ERRORS as error:
        _raise_if_system(error)
        raise BadPackageError(f"not an RPM, or cut short ({first_error_line(error)})") from None


def _check_header_bounds(path: Path) -> None:
    """Raise BadPackageError if a header is longer than its file or points outside of itself: rpm-rs would panic."""
    with path.open("rb") as file:
        start, length = LEAD, os.fstat(file.fileno()).st_size
        for _ in ("signature", "main"):
            file.seek(start)
            magic, entries, size = struct.unpack(">8sII", file.read(INTRO).ljust(INTRO, b"\0"))
            if magic != MAGIC:
                raise BadPackageError("not an RPM, or cut short (no header where one should begin)")
            end = start + INTRO + entries * ENTRY + size
            if end > length:
                raise BadPackageError("not an RPM, or cut short (its header ends behind its end)")
            for _, kind, at, count in struct.iter_unpack(">4I", file.read(entries * ENTRY)):
                if at + count * WIDTHS.get(kind, 1) > size:
                    raise BadPackageError("its header points outside of itself: damaged")
            start = end + -end % 8


def _raise_if_system(error: Exception) -> None:
    """Raise error again if the operating system refused something; decompressors use OSError without a number."""
    if isinstance(error, OSError) and error.errno:
        raise error


def _package_from_header(meta: PackageMetadata, file: str, size: int, sha256: str, key: str) -> Package:
    """Return the Package that a header describes."""
    import rpm_rs

    def text(tag: int) -> str:
        return str(meta.header.entry(tag)) if meta.header.entry_is_present(tag) else ""

    epoch = meta.header.entry(rpm_rs.Tag.EPOCH) if meta.header.entry_is_present(rpm_rs.Tag.EPOCH) else 0
    evr = Evr(int(epoch[0] if isinstance(epoch, list) else epoch), meta.version, meta.release)
    arch = _source_arch(meta) if meta.is_source_package() else meta.arch
    return Package(meta.name, evr, arch, file, size, sha256, key, text(rpm_rs.Tag.SOURCERPM))


def _source_arch(meta: PackageMetadata) -> str:
    """Return "nosrc" for a source package that leaves out a source or patch, else "src"."""
    import rpm_rs

    left_out = (rpm_rs.Tag.NOSOURCE, rpm_rs.Tag.NOPATCH)
    return "nosrc" if any(meta.header.entry_is_present(tag) for tag in left_out) else "src"


def _find_signer(path: Path, meta: PackageMetadata, keys: Sequence[PinnedKey]) -> tuple[str, bool]:
    """Return the fingerprint of the pinned key whose signature is good, and whether it signed the payload, too."""
    if any(key.ring for key in keys):
        weak = [signature for signature in _header_signatures(meta) if rpmkeys.is_weak_signature(signature)]
        for key in keys:
            if key.ring and any(key.is_id(signature.key) for signature in weak):
                return key.fingerprint, _rpm_verifies_payload(path, key.ring)
    return _header_signer(meta, keys), False


def _rpm_verifies_payload(path: Path, ring: rpmkeys.LegacyKeyring) -> bool:
    """Return whether rpm finds the payload signed besides the header, by the one key of ring."""
    try:
        return ring.payload_signed(path)
    except rpmkeys.UnverifiedError as why:
        raise BadPackageError(f"rpm does not vouch for it by {ring.name}: {why}") from None


def _header_signer(meta: PackageMetadata, keys: Sequence[PinnedKey]) -> str:
    """Return the fingerprint of the pinned key whose signature over the header is good, as rpm-rs sees it."""
    for key in keys:
        try:
            report = meta.check_signatures(key.verifier) if key.verifier else None
        except LIBRARY_ERRORS as error:
            _raise_if_system(error)
            raise _untrusted_error(meta, keys, first_error_line(error)) from None
        if report is None:
            continue
        if not report.digests.is_ok():
            raise BadPackageError("its header does not match its own digest: damaged")
        broken = [
            signature.error
            for signature in report.signatures
            if not signature.is_verified() and key.is_id(_signature_key_id(signature.info))
        ]
        if broken:
            raise BadPackageError(
                f"its signature does not verify ({first_error_line(ValueError(broken[0]))}): damaged or forged"
            )
        if any(signature.is_verified() for signature in report.signatures):
            return key.fingerprint
    raise _untrusted_error(meta, keys)


def _signature_key_id(info: SignatureInfo) -> str:
    """Return what a signature says of its key: the fingerprint, else the key id, else nothing."""
    return str(info.fingerprint or info.key_id or "")


def _untrusted_error(meta: PackageMetadata, keys: Sequence[PinnedKey], obstacle: str = "") -> BadPackageError:
    """Return why no pinned key vouches for a header.

    obstacle  why rpm-rs could not even look, in its own words
    """
    said = _header_signatures(meta)
    for key in keys:
        for signature in said:
            if key.is_id(signature.key) and (key.obstacle or obstacle):
                why = f"signed by {key.name} with {signature}, which cannot be checked here: {key.obstacle or obstacle}"
                return BadPackageError(f'{why}; only legacy_reason = "why" in its [[keys]] entry lets rpm check it')
    ids = sorted({signature.key for signature in said} - {""})
    if ids:
        weak = sorted({str(signature) for signature in said if rpmkeys.is_weak_signature(signature)})
        kind = f"with {' and '.join(weak)} " if weak else ""
        return BadPackageError(f"signed {kind}by key {' and '.join(ids)}, which release.toml does not trust", keys=ids)
    return BadPackageError(f"its signature cannot be checked here: {obstacle}" if obstacle else "not signed")


def _header_signatures(meta: PackageMetadata) -> list[openpgp.OpenPgpSignature]:
    """Return what all signatures of a package say of themselves, also those that rpm-rs passes over."""
    import rpm_rs

    blobs: list[bytes] = []
    for name in SIGNATURE_TAGS:
        tag = getattr(rpm_rs.SignatureTag, name)
        if meta.signature.entry_is_present(tag):
            value = meta.signature.entry(tag)
            blobs += [_decode_signature(blob) for blob in (value if isinstance(value, list) else [value])]
    return openpgp.parse_signatures(blobs)


def _decode_signature(value: bytes | str | int) -> bytes:
    """Return a signature as bytes: newer tags hold it in base64; what is none of that says nothing."""
    try:
        return value if isinstance(value, bytes) else binascii.a2b_base64(str(value).encode())
    except binascii.Error:
        return b""


def check_payload(path: Path, meta: PackageMetadata) -> str:
    """Return the file's SHA-256 after holding the payload against the signed header.

    Since rpm 4.14 the header carries a digest of the payload. Older headers (CentOS 6
    and 7) carry one of each file in it, so there the payload is unpacked and each compared.
    """
    import rpm_rs

    tags = ((getattr(rpm_rs.Tag, tag), name) for tag, name in PAYLOAD_DIGESTS.items())
    declared = next(((tag, name) for tag, name in tags if meta.header.entry_is_present(tag)), None)
    if declared is None:
        return _check_old_payload(path, meta)
    tag, name = declared
    whole, payload = _hash_file(path, meta.package_segment_offsets().payload, hashlib.new(name))
    expected = meta.header.entry(tag)
    if payload != str(expected[0] if isinstance(expected, list) else expected).lower():
        raise BadPackageError("its payload does not match the digest in its signed header: damaged or cut short")
    return whole


def _check_old_payload(path: Path, meta: PackageMetadata) -> str:
    """Return the file's SHA-256 where the header has no digest of the payload.

    The MD5 over header and payload finds accidents such as a cut tail; nobody signed it, so
    it is the digests of the files, which the signed header carries, that prove the content.
    """
    import rpm_rs

    whole, md5 = _hash_file(path, meta.package_segment_offsets().header, hashlib.md5(usedforsecurity=False))
    md5_tag = rpm_rs.SignatureTag.MD5
    declared = meta.signature.entry(md5_tag) if meta.signature.entry_is_present(md5_tag) else b""
    if not isinstance(declared, bytes) or declared.hex() != md5:
        raise BadPackageError("its payload does not match the digest in its signature header: damaged or cut short")
    _check_files(path)
    return whole


def _hash_file(path: Path, tail_at: int, tail: Any) -> tuple[str, str]:
    """Return (SHA-256 of the file, digest of what stands from tail_at on) in one reading."""
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        whole.update(file.read(tail_at))
        while block := file.read(files.BLOCK):
            whole.update(block)
            tail.update(block)
    return whole.hexdigest(), tail.hexdigest()


def _check_files(path: Path) -> None:
    """Unpack the payload, one file in memory at a time, and hold each against the header's digest."""
    import rpm_rs

    try:
        for file in rpm_rs.PackageReader.open(str(path)):
            _check_file(file)
    except LIBRARY_ERRORS as error:
        _raise_if_system(error)
        raise BadPackageError(
            f"its payload cannot be unpacked: damaged or cut short ({first_error_line(error)})"
        ) from None


def _check_file(file: RpmFile) -> None:
    """Hold one unpacked file against its digest; hard links without content of their own pass."""
    declared = file.metadata.digest
    if declared is None or file.content is None or not file.has_payload():
        return
    name = str(declared.algorithm).rpartition(".")[2].lower().replace("sha2_", "sha")
    if name == "md5":
        raise BadPackageError("its files are vouched for by MD5 only, which proves nothing any more")
    if hashlib.new(name, file.content).hexdigest() != declared.digest.lower():
        raise BadPackageError(
            f"{file.metadata.path} in its payload does not match the signed header: damaged or forged"
        )
