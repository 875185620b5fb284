"""What lies beside the media for those who download them: checksums and signatures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from smedoit.artifacts import checksums
from smedoit.config.identity import Identity
from smedoit.config.media import Signing
from smedoit.errors import TreeError, VerifyError, human
from smedoit.keys import gpg
from smedoit.runtime import progress
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import remove, write

SIGNED = ".asc"


def media(isos: Path, one: Identity) -> list[Path]:
    """Return the finished media of a release, sorted; those of its other versions may lie beside them."""
    return sorted(isos.glob(f"*/{one.name}-{one.full}-*.iso"))


def by_directory(files: Iterable[Path]) -> dict[Path, list[Path]]:
    """Return directory -> its files; checksum files speak of one directory."""
    found: dict[Path, list[Path]] = {}
    for path in files:
        found.setdefault(path.parent, []).append(path)
    return found


def write_checksums(isos: Path, one: Identity, memory: Path) -> str:
    """Write the checksum files of every directory that holds media."""
    files, known = media(isos, one), Digests(memory)
    if not files:
        raise TreeError(f"{isos}: holds no medium of {one.full}", hint="run doit iso first")
    digests = known.of_all(files, "sha256", "md5")
    known.save()
    for directory, here in by_directory(files).items():
        summed = [
            checksums.Summed(path.name, path.stat().st_size, digests[path]["sha256"], digests[path]["md5"])
            for path in here
        ]
        for name, text in checksums.texts(summed).items():
            write(directory / name, text)
    size = sum(path.stat().st_size for path in files)
    return f"{len(files)} media, {human(size)}, in {', '.join(checksums.NAMES)}"


def sign(isos: Path, one: Identity, by: Signing) -> str:
    """Sign every checksum file; a signature that still fits is kept, one that nobody vouches for removed."""
    files = [path / name for path in by_directory(media(isos, one)) for name in checksums.NAMES]
    if not by.configured:
        for path in files:
            remove(beside(path))
        return "nothing is signed: release.toml has no [signing]"
    owner = gpg.certificate(by)
    fresh = [path for path in files if not is_signed(path, owner)]
    for path in fresh:
        write(beside(path), gpg.sign(path, by, one.epoch))
        if not is_signed(path, owner):
            raise VerifyError(f"{beside(path)}: does not verify, although key {owner.fingerprint} has just made it")
        progress.note(f"{path}: signed")
    return f"{len(files)} files by key {owner.fingerprint}, {len(fresh)} of them signed now"


def beside(path: Path) -> Path:
    """Return where the signature of a file lies."""
    return path.with_name(f"{path.name}{SIGNED}")


def is_signed(path: Path, owner: gpg.Certificate) -> bool:
    """Return whether a file has a good signature of its owner's beside it."""
    return beside(path).is_file() and gpg.fits(path, beside(path), owner)
