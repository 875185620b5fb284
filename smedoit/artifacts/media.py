# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside the media for those who download them: checksums and signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from smedoit.config.identity import ReleaseIdentity
from smedoit.config.media import SigningSettings
from smedoit.config.release import Release
from smedoit.errors import FileError, VerifyError, format_size
from smedoit.keys import gpg
from smedoit.runtime import checksums, progress
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import remove_file, write_file

SIGNED = ".asc"


def finished_media(isos: Path, identity: ReleaseIdentity) -> list[Path]:
    """Return the finished media of a release, sorted; those of its other versions may lie beside them."""
    return sorted(isos.glob(f"*/{identity.name}-{identity.full}-*.iso"))


def group_by_directory(files: Iterable[Path]) -> dict[Path, list[Path]]:
    """Return directory -> its files; checksum files speak of one directory."""
    found: dict[Path, list[Path]] = {}
    for path in files:
        found.setdefault(path.parent, []).append(path)
    return found


def write_checksums(isos: Path, identity: ReleaseIdentity, fact_cache: Path) -> str:
    """Write the checksum files of every directory that holds media."""
    files, known = finished_media(isos, identity), DigestCache(fact_cache)
    if not files:
        raise FileError(f"{isos}: holds no medium of {identity.full}", hint="run doit iso first")
    digests = known.of_all(files, "sha256", "md5")
    known.save()
    for directory, here in group_by_directory(files).items():
        summed = [
            checksums.ChecksummedFile(path.name, path.stat().st_size, digests[path]["sha256"], digests[path]["md5"])
            for path in here
        ]
        for name, text in checksums.format_checksums(summed).items():
            write_file(directory / name, text)
    size = sum(path.stat().st_size for path in files)
    return f"{len(files)} media, {format_size(size)}, in {', '.join(checksums.NAMES)}"


def sign_checksums(
    isos: Path, identity: ReleaseIdentity, by: SigningSettings, is_practice: bool, verify: Callable[[], object]
) -> str:
    """Sign every checksum file; valid signatures are kept, and all removed without [signing].

    is_practice  whether practice keys may sign it
    verify       reads the media back, and raises VerifyError: what is signed has been read since anybody wrote it
    """
    files = [path / name for path in group_by_directory(finished_media(isos, identity)) for name in checksums.NAMES]
    if not by.configured:
        for path in files:
            remove_file(signature_path(path))
        return "nothing is signed: release.toml has no [signing]"
    owner = gpg.load_signing_certificate(by, is_practice)
    fresh = [path for path in files if not is_signed(path, owner)]
    if fresh:
        verify()
    for path in fresh:
        write_file(signature_path(path), gpg.sign_file(path, by, identity.epoch))
        if not is_signed(path, owner):
            raise VerifyError(f"{signature_path(path)}: does not verify after signing with key {owner.fingerprint}")
        progress.log_line(f"{path}: signed")
    return f"{len(files)} files by key {owner.fingerprint}, {len(fresh)} of them signed now"


def signature_path(path: Path) -> Path:
    """Return where the signature of a file lies."""
    return path.with_name(f"{path.name}{SIGNED}")


def is_signed(path: Path, owner: gpg.SigningCertificate) -> bool:
    """Return whether a file has a good signature of its owner's beside it."""
    return signature_path(path).is_file() and gpg.is_good_signature(path, signature_path(path), owner)


def existing_locks(rel: Release) -> list[Path]:
    """Return packages.lock and sources.lock, where they have been made."""
    return [path for path in (rel.lock, rel.sources_lock) if path.is_file()]
