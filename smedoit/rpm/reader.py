"""RPM files into verified Packages: header, digests and signature, through rpm-rs.

There is no Package without a signature of a pinned key over its header and a payload that
matches what the header says. What cannot be checked is refused with the reason.
"""

from __future__ import annotations

import binascii
import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smedoit.errors import PackageError
from smedoit.keys import openpgp, rpmkeys
from smedoit.keys.keyring import PinnedKey, first_line
from smedoit.package import Evr, Package
from smedoit.runtime import files

PAYLOAD_DIGESTS = {"PAYLOADSHA256": "sha256", "PAYLOAD_SHA512": "sha512", "PAYLOAD_SHA3_256": "sha3_256"}
LEAD, INTRO, ENTRY = 96, 16, 16  # bytes before the headers, of a header's beginning, of one entry of its index
MAGIC = b"\x8e\xad\xe8\x01" + bytes(4)  # begins a header; rpm demands the zeros as well
WIDTHS = {3: 2, 4: 4, 5: 8}  # type of a value -> its bytes; of all others one at least
LIBRARY_ERRORS = (RuntimeError, ValueError, OSError)  # what rpm-rs raises for a file that it does not like
SIGNATURE_TAGS = ("OPENPGP", "RSA", "DSA", "PGP", "GPG")  # the last two over header and payload together


class Bad(Exception):
    """Why one file is refused: a short reason that many files may share, and no file name.

    keys    ids of the keys that would have to be trusted, where that is all that is missing
    claims  what the header says, unverified, where there is one
    passing whether the next reading may find it better: the file was changing
    """

    def __init__(self, reason: str, *, keys: Sequence[str] = (), passing: bool = False) -> None:
        super().__init__(reason)
        self.keys, self.passing = tuple(keys), passing
        self.claims: Package | None = None


def read(path: Path, file: str, keys: Sequence[PinnedKey]) -> Package:
    """Return the package at path; file is the name it shall carry.

    Raises Bad with a reason to group by, TreeError if it cannot be read at all.
    """
    with files.worded(path, "read"):
        before = files.stamp(path)
        meta = open_header(path)
        try:
            return verified(path, file, meta, keys, before)
        except Bad as bad:
            bad.claims = claimed(meta, file, before.size)
            raise


def signed_by(path: Path, keys: Sequence[PinnedKey]) -> str:
    """Return the fingerprint of the pinned key that signed the header of the package at path. Raises Bad, TreeError."""
    with files.worded(path, "read"):
        return signer(path, open_header(path), keys)[0]


def verified(path: Path, file: str, meta: Any, keys: Sequence[PinnedKey], before: files.Stamp) -> Package:
    """Return the package at path once signature, payload and name are found good."""
    key, payload_signed = signer(path, meta, keys)
    sha256 = hash_file(path, 0, hashlib.sha256())[1] if payload_signed else check_payload(path, meta)
    if files.stamp(path) != before:
        raise Bad("changed while it was being read; is somebody still copying it?", passing=True)
    package = described(meta, file, before.size, sha256, key)
    if package.filename != path.name:
        raise Bad(f"its name belies its header, which says {package.filename}")
    return package


def claimed(meta: Any, file: str, size: int) -> Package | None:
    """Return what a header that nobody vouches for says, None where it is too damaged to say anything."""
    try:
        return described(meta, file, size, "", "")
    except (*LIBRARY_ERRORS, TypeError, IndexError):
        return None


def build_time(path: Path) -> int:
    """Return when a package was built, by its header, in seconds since 1970. Raises TreeError, PackageError."""
    import rpm_rs

    with files.worded(path, "read"):
        try:
            found = open_header(path).header.entry(rpm_rs.Tag.BUILDTIME)
        except (Bad, *LIBRARY_ERRORS) as error:
            raise_if_system(error)
            raise PackageError(f"{path}: does not say when it was built, {first_line(error)}") from None
    return int(found[0] if isinstance(found, list) else found)


def open_header(path: Path) -> Any:
    """Return rpm-rs's metadata of path."""
    import rpm_rs

    check_shape(path)
    try:
        return rpm_rs.PackageMetadata.open(str(path))
    except LIBRARY_ERRORS as error:
        raise_if_system(error)
        raise Bad(f"not an RPM, or cut short ({first_line(error)})") from None


def check_shape(path: Path) -> None:
    """Raise Bad if a header is longer than its file, or points outside of itself: there rpm-rs would panic."""
    with path.open("rb") as file:
        start, length = LEAD, os.fstat(file.fileno()).st_size
        for _ in ("signature", "main"):
            file.seek(start)
            magic, entries, size = struct.unpack(">8sII", file.read(INTRO).ljust(INTRO, b"\0"))
            if magic != MAGIC:
                raise Bad("not an RPM, or cut short (no header where one should begin)")
            end = start + INTRO + entries * ENTRY + size
            if end > length:
                raise Bad("not an RPM, or cut short (its header ends behind its end)")
            for _, kind, at, count in struct.iter_unpack(">4I", file.read(entries * ENTRY)):
                if at + count * WIDTHS.get(kind, 1) > size:
                    raise Bad("its header points outside of itself: damaged")
            start = end + -end % 8


def raise_if_system(error: Exception) -> None:
    """Raise error again if the operating system refused something; decompressors use OSError without a number."""
    if isinstance(error, OSError) and error.errno:
        raise error


def described(meta: Any, file: str, size: int, sha256: str, key: str) -> Package:
    """Return the Package that a header describes."""
    import rpm_rs

    def text(tag: int) -> str:
        return str(meta.header.entry(tag)) if meta.header.entry_is_present(tag) else ""

    epoch = meta.header.entry(rpm_rs.Tag.EPOCH) if meta.header.entry_is_present(rpm_rs.Tag.EPOCH) else 0
    evr = Evr(int(epoch[0] if isinstance(epoch, list) else epoch), meta.version, meta.release)
    arch = source_arch(meta) if meta.is_source_package() else meta.arch
    return Package(meta.name, evr, arch, file, size, sha256, key, text(rpm_rs.Tag.SOURCERPM))


def source_arch(meta: Any) -> str:
    """Return "nosrc" for a source package that leaves out a source or patch, else "src"."""
    import rpm_rs

    left_out = (rpm_rs.Tag.NOSOURCE, rpm_rs.Tag.NOPATCH)
    return "nosrc" if any(meta.header.entry_is_present(tag) for tag in left_out) else "src"


def signer(path: Path, meta: Any, keys: Sequence[PinnedKey]) -> tuple[str, bool]:
    """Return the fingerprint of the pinned key whose signature is good, and whether it signed the payload, too."""
    if any(key.ring for key in keys):
        weak = [one for one in signatures(meta) if rpmkeys.is_weak(one)]
        for key in keys:
            if key.ring and any(key.is_id(one.key) for one in weak):
                return key.fingerprint, vouched_by_rpm(path, key.ring)
    return header_signer(meta, keys), False


def vouched_by_rpm(path: Path, ring: rpmkeys.Ring) -> bool:
    """Return whether rpm finds the payload signed besides the header, by the one key of ring."""
    try:
        return ring.payload_signed(path)
    except rpmkeys.Unproven as why:
        raise Bad(f"rpm does not vouch for it by {ring.name}: {why}") from None


def header_signer(meta: Any, keys: Sequence[PinnedKey]) -> str:
    """Return the fingerprint of the pinned key whose signature over the header is good, as rpm-rs sees it."""
    for key in keys:
        try:
            report = meta.check_signatures(key.verifier) if key.verifier else None
        except LIBRARY_ERRORS as error:
            raise_if_system(error)
            raise untrusted(meta, keys, first_line(error)) from None
        if report is None:
            continue
        if not report.digests.is_ok():
            raise Bad("its header does not match its own digest: damaged")
        broken = [one.error for one in report.signatures if not one.is_verified() and key.is_id(key_id(one.info))]
        if broken:
            raise Bad(f"its signature does not verify ({first_line(ValueError(broken[0]))}): damaged or forged")
        if any(one.is_verified() for one in report.signatures):
            return key.fingerprint
    raise untrusted(meta, keys)


def key_id(info: Any) -> str:
    """Return what a signature says of its key: the fingerprint, else the key id, else nothing."""
    return str(info.fingerprint or info.key_id or "")


def untrusted(meta: Any, keys: Sequence[PinnedKey], obstacle: str = "") -> Bad:
    """Return why no pinned key vouches for a header.

    obstacle  why rpm-rs could not even look, in its own words
    """
    said = signatures(meta)
    for key in keys:
        for one in said:
            if key.is_id(one.key) and (key.obstacle or obstacle):
                why = f"signed by {key.name} with {one}, which cannot be checked here: {key.obstacle or obstacle}"
                return Bad(f'{why}; only legacy = "why" in its [[keys]] entry lets rpm check it')
    ids = sorted({one.key for one in said} - {""})
    if ids:
        weak = sorted({str(one) for one in said if rpmkeys.is_weak(one)})
        kind = f"with {' and '.join(weak)} " if weak else ""
        return Bad(f"signed {kind}by key {' and '.join(ids)}, which release.toml does not trust", keys=ids)
    return Bad(f"its signature cannot be checked here: {obstacle}" if obstacle else "not signed")


def signatures(meta: Any) -> list[openpgp.Signature]:
    """Return what all signatures of a package say of themselves, also those that rpm-rs passes over."""
    import rpm_rs

    blobs: list[bytes] = []
    for name in SIGNATURE_TAGS:
        tag = getattr(rpm_rs.SignatureTag, name)
        if meta.signature.entry_is_present(tag):
            value = meta.signature.entry(tag)
            blobs += [as_bytes(one) for one in (value if isinstance(value, list) else [value])]
    return openpgp.signatures(blobs)


def as_bytes(value: bytes | str) -> bytes:
    """Return a signature as bytes: newer tags hold it in base64; what is none of that says nothing."""
    try:
        return value if isinstance(value, bytes) else binascii.a2b_base64(str(value).encode())
    except binascii.Error:
        return b""


def check_payload(path: Path, meta: Any) -> str:
    """Return the file's SHA-256 after holding the payload against the signed header.

    Since rpm 4.14 the header carries a digest of the payload. Older headers (CentOS 6
    and 7) carry one of each file in it, so there the payload is unpacked and each compared.
    """
    import rpm_rs

    tags = ((getattr(rpm_rs.Tag, tag), name) for tag, name in PAYLOAD_DIGESTS.items())
    declared = next(((tag, name) for tag, name in tags if meta.header.entry_is_present(tag)), None)
    if declared is None:
        return check_old_payload(path, meta)
    tag, name = declared
    whole, payload = hash_file(path, meta.package_segment_offsets().payload, hashlib.new(name))
    expected = meta.header.entry(tag)
    if payload != str(expected[0] if isinstance(expected, list) else expected).lower():
        raise Bad("its payload does not match the digest in its signed header: damaged or cut short")
    return whole


def check_old_payload(path: Path, meta: Any) -> str:
    """Return the file's SHA-256 where the header has no digest of the payload.

    The MD5 over header and payload finds accidents such as a cut tail; nobody signed it, so
    it is the digests of the files, which the signed header carries, that prove the content.
    """
    import rpm_rs

    whole, md5 = hash_file(path, meta.package_segment_offsets().header, hashlib.md5(usedforsecurity=False))
    md5_tag = rpm_rs.SignatureTag.MD5
    declared = meta.signature.entry(md5_tag) if meta.signature.entry_is_present(md5_tag) else b""
    if not isinstance(declared, bytes) or declared.hex() != md5:
        raise Bad("its payload does not match the digest in its signature header: damaged or cut short")
    check_files(path)
    return whole


def hash_file(path: Path, tail_at: int, tail: Any) -> tuple[str, str]:
    """Return (SHA-256 of the file, digest of what stands from tail_at on) in one reading."""
    whole = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        whole.update(file.read(tail_at))
        while block := file.read(files.BLOCK):
            whole.update(block)
            tail.update(block)
    return whole.hexdigest(), tail.hexdigest()


def check_files(path: Path) -> None:
    """Unpack the payload, one file in memory at a time, and hold each against the header's digest."""
    import rpm_rs

    try:
        for one in rpm_rs.PackageReader.open(str(path)):
            check_file(one)
    except LIBRARY_ERRORS as error:
        raise_if_system(error)
        raise Bad(f"its payload cannot be unpacked: damaged or cut short ({first_line(error)})") from None


def check_file(one: Any) -> None:
    """Hold one unpacked file against its digest; hard links without content of their own pass."""
    declared = one.metadata.digest
    if declared is None or one.content is None or not one.has_payload():
        return
    name = str(declared.algorithm).rpartition(".")[2].lower().replace("sha2_", "sha")
    if name == "md5":
        raise Bad("its files are vouched for by MD5 only, which proves nothing any more")
    if hashlib.new(name, one.content).hexdigest() != declared.digest.lower():
        raise Bad(f"{one.metadata.path} in its payload does not match the signed header: damaged or forged")
