# SPDX-License-Identifier: GPL-3.0-or-later
"""RPM files into verified Packages: header, digests and signature, through rpm-rs.

There is no Package without a signature of a pinned key over its header and a payload that
matches what was signed. What cannot be checked is refused with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smedoit.errors import PackageError
from smedoit.keys.keyring import PinnedKey, first_error_line
from smedoit.package import Evr, Package
from smedoit.rpm import payload, signatures
from smedoit.rpm.header import LIBRARY_ERRORS, BadPackageError, open_header, raise_system_error
from smedoit.runtime import files, foreign

if TYPE_CHECKING:
    from rpm_rs import PackageMetadata

MODULARITY_LABEL = 5096  # MODULE:STREAM:VERSION:CONTEXT; source: rpm 4.15, lib/rpmtag.h


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
        return signatures.find_header_signer(path, open_header(path), keys).fingerprint


def _verify_package(
    path: Path, file: str, meta: PackageMetadata, keys: Sequence[PinnedKey], before: files.FileStamp
) -> Package:
    """Return the package at path once signature, payload and name are found good."""
    signer = signatures.find_header_signer(path, meta, keys)
    sha256 = payload.verify_payload(path, meta, keys, signer.signs_payload)
    if files.stamp_file(path).without_ctime != before.without_ctime:
        raise BadPackageError("changed while it was being read; is somebody still copying it?", passing=True)
    package = replace(
        _package_from_header(meta, file, before.size), sha256=sha256, key=signer.fingerprint, signed=signer.created
    )
    if package.filename != path.name:
        raise BadPackageError(f"its name does not fit its header, which says {package.filename}")
    return package


def read_unverified_header(meta: PackageMetadata, file: str, size: int) -> Package | None:
    """Return what a header that is not verified says, None where it is too damaged to say anything."""
    try:
        return _package_from_header(meta, file, size)
    except (*LIBRARY_ERRORS, TypeError, IndexError):
        return None


def build_time(path: Path) -> int:
    """Return when a package was built, by its header, in seconds since 1970. Raises FileError, PackageError."""
    import rpm_rs

    with files.wrap_os_errors(path, "read"):
        try:
            found = open_header(path).header.entry(rpm_rs.Tag.BUILDTIME)
            return int(found[0] if isinstance(found, list) else found)
        except (BadPackageError, *LIBRARY_ERRORS) as error:
            raise_system_error(error)
            raise PackageError(f"{path}: does not say when it was built, {first_error_line(error)}") from None


def package_paths(path: Path) -> list[str]:
    """Return what a package would install, by its header. Raises FileError, PackageError."""
    with files.wrap_os_errors(path, "read"):
        try:
            meta = open_header(path)
            with foreign.translate_panics():
                return [str(found) for found in meta.file_paths()]
        except (BadPackageError, *LIBRARY_ERRORS) as error:
            raise_system_error(error)
            raise PackageError(f"{path}: does not say what is in it, {first_error_line(error)}") from None


def payload_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every regular file of a package that has been verified. Raises PackageError."""
    import rpm_rs

    try:
        with files.wrap_os_errors(path, "read"):
            open_header(path)
        entries = iter(rpm_rs.PackageReader.open(str(path)))
        while True:
            with foreign.translate_panics():
                entry = next(entries, None)
            if entry is None:
                return
            if entry.content is not None:
                yield str(entry.metadata.path), entry.content
    except (BadPackageError, *LIBRARY_ERRORS) as error:
        raise PackageError(f"{path}: cannot be unpacked, {first_error_line(error)}", hint="fetch it again") from None


def _package_from_header(meta: PackageMetadata, file: str, size: int) -> Package:
    """Return the Package that a header describes."""
    import rpm_rs

    def text(tag: int) -> str:
        return str(meta.header.entry(tag)) if meta.header.entry_is_present(tag) else ""

    epoch = meta.header.entry(rpm_rs.Tag.EPOCH) if meta.header.entry_is_present(rpm_rs.Tag.EPOCH) else 0
    evr = Evr(int(epoch[0] if isinstance(epoch, list) else epoch), meta.version, meta.release)
    arch = _source_arch(meta) if meta.is_source_package() else meta.arch
    module = ":".join(text(MODULARITY_LABEL).split(":")[:2])
    return Package(meta.name, evr, arch, file, size, "", "", text(rpm_rs.Tag.SOURCERPM), module=module)


def _source_arch(meta: PackageMetadata) -> str:
    """Return "nosrc" for a source package that leaves out a source or patch, else "src"."""
    import rpm_rs

    left_out = (rpm_rs.Tag.NOSOURCE, rpm_rs.Tag.NOPATCH)
    return "nosrc" if any(meta.header.entry_is_present(tag) for tag in left_out) else "src"
