"""RPM files into verified Packages: header, digests and signature, through rpm-rs.

There is no Package without a signature of a pinned key over its header and a payload that
matches what the header says. What cannot be checked is refused with the reason.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smedoit import tree
from smedoit.keys import PinnedKey, first_line
from smedoit.package import Evr, Package

PAYLOAD_DIGESTS = {"PAYLOADSHA256": "sha256", "PAYLOAD_SHA512": "sha512", "PAYLOAD_SHA3_256": "sha3_256"}
LEAD, INTRO, ENTRY = 96, 16, 16  # bytes before the headers, of a header's beginning, of one entry of its index
MAGIC = b"\x8e\xad\xe8\x01" + bytes(4)  # begins a header; rpm demands the zeros as well
WIDTHS = {3: 2, 4: 4, 5: 8}  # type of a value -> its bytes; of all others one at least
LIBRARY_ERRORS = (RuntimeError, ValueError, OSError)  # what rpm-rs raises for a file that it does not like
LEGACY_SIGNATURES = {"PGP": "RSA or DSA over header and payload", "GPG": "DSA over header and payload", "DSA": "DSA"}


class Bad(Exception):
    """Why one file is refused: a short reason that many files may share, and no file name."""


def read(path: Path, file: str, keys: Sequence[PinnedKey]) -> Package:
    """Return the package at path; file is the name it shall carry.

    Raises Bad with a reason to group by, TreeError if it cannot be read at all.
    """
    with tree.worded(path, "read"):
        before = tree.stamp(path)
        meta = open_header(path)
        key = signer(meta, keys)
        sha256 = check_payload(path, meta)
        if tree.stamp(path) != before:
            raise Bad("changed while it was being read; is somebody still copying it?")
    package = described(meta, file, before.size, sha256, key)
    if package.filename != path.name:
        raise Bad(f"its name belies its header, which says {package.filename}")
    return package


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


def signer(meta: Any, keys: Sequence[PinnedKey]) -> str:
    """Return the fingerprint of the pinned key whose signature over the header is good."""
    for key in keys:
        try:
            report = meta.check_signatures(key.verifier) if key.verifier else None
        except LIBRARY_ERRORS as error:
            raise_if_system(error)
            raise Bad(f"its signature cannot be checked here: {first_line(error)}") from None
        if report is None:
            continue
        if not report.digests.is_ok():
            raise Bad("its header does not match its own digest: damaged")
        broken = [one.error for one in report.signatures if not one.is_verified() and key.is_id(key_id(one.info))]
        if broken:
            raise Bad(f"its signature does not verify ({first_line(ValueError(broken[0]))}): damaged or forged")
        if any(one.is_verified() for one in report.signatures):
            return key.fingerprint
    raise Bad(why_untrusted(meta, keys))


def key_id(info: Any) -> str:
    """Return what a signature says of its key: the fingerprint, else the key id, else nothing."""
    return str(info.fingerprint or info.key_id or "")


def why_untrusted(meta: Any, keys: Sequence[PinnedKey]) -> str:
    """Return why no pinned key vouches for a header."""
    try:
        ids = sorted({key_id(info) for info in meta.signatures()} - {""})
    except LIBRARY_ERRORS as error:
        return f"its signature cannot be checked here: {first_line(error)}"
    for key in keys:
        if key.obstacle and any(key.is_id(one) for one in ids):
            return f"signed by {key.name}, a key that cannot be used here: {key.obstacle}"
    if ids:
        return f"signed by key {' and '.join(ids)}, which release.toml does not trust"
    legacy = legacy_signatures(meta)
    if legacy:
        return f"signed only in a way that cannot be checked here ({legacy})"
    return "not signed"


def legacy_signatures(meta: Any) -> str:
    """Return words for the signatures that rpm-rs passes over, "" if there is none."""
    import rpm_rs

    present = (
        name for name in LEGACY_SIGNATURES if meta.signature.entry_is_present(getattr(rpm_rs.SignatureTag, name))
    )
    return ", ".join(LEGACY_SIGNATURES[name] for name in present)


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
        while block := file.read(tree.BLOCK):
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
