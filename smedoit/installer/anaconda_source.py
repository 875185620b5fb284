"""anaconda's source: upstream's package with its patches and ours, and the install classes that we ship of it."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.config.checks import Anaconda
from smedoit.config.network import MIB, Network
from smedoit.config.tiers import Key
from smedoit.errors import ContentError, PackageError
from smedoit.fetch import crawl
from smedoit.fetch.http import is_url
from smedoit.fetch.response import Want
from smedoit.installer import patch_series
from smedoit.installer.install_classes import PLACE as CLASSES
from smedoit.installer.patch_series import Patch
from smedoit.keys import keyring
from smedoit.rpm import reader
from smedoit.runtime import progress
from smedoit.runtime.files import (
    copy,
    make_directory,
    move,
    read_bytes,
    read_text,
    real_file,
    remove,
    remove_directory,
    write,
)
from smedoit.runtime.process import Failed, run
from smedoit.tree import layers

PRODUCT, RUNTIME = f"run/install/product/{CLASSES}", f"usr/lib64/python2.7/site-packages/{CLASSES}"
OURS, THEIRS = f"{CLASSES}/koozali.py", f"{CLASSES}/centos.py"
PLACES = {"koozali.py": (PRODUCT, RUNTIME), "centos.py": (RUNTIME,), "fedora.py": (RUNTIME,)}  # as the wiki says
TARBALLS = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz")
REJECTED = 30  # lines of a reject that its sentence carries


@dataclass(frozen=True)
class Applied:
    """A patch that was applied, for the record."""

    name: str
    sha256: str
    origin: str


def make(
    settings: Anaconda, pinned: Sequence[Key], network: Network, memory: Path, srpm: Path, scratch: Path, target: Path
) -> str:
    """Make the layer of product.img that comes from anaconda's source, and the record of where it is from.

    srpm     where the source package lies, or is put once it is fetched
    scratch  a directory that is unpacked and patched in
    target   the layer, target.json the record

    Raises NetworkError, PackageError, ContentError; the layer then stays as it was.
    """
    if not settings.srpm:
        return "[anaconda] names no srpm, so the install classes are those of the content tree"
    obtain(settings.srpm, network, memory, srpm)
    package = verified(srpm, pinned)
    remove_directory(scratch)
    packed, source = scratch / "packed", scratch / "source"
    unpack(srpm, packed, source, network.limit * MIB)
    applied = [*apply_all(upstream_series(packed), packed, source, "upstream")]
    own = Path(settings.patches or settings.source)
    applied += apply_all(own_series(own), own, source, "ours")
    files = place(source, target)
    record = {
        "source": {"name": package.filename, "sha256": package.sha256, "key": package.key},
        "patches": [{"order": number, **vars(one)} for number, one in enumerate(applied, 1)],
        "files": files,
    }
    write(target.with_suffix(".json"), json.dumps(record, indent=1, sort_keys=True) + "\n")
    remove_directory(scratch)
    ours = [one.name for one in applied if one.origin == "ours"]
    return f"{package.filename}, {len(applied)} patches, {len(ours)} of them ours; {len(files)} files for product.img"


def obtain(address: str, network: Network, memory: Path, srpm: Path) -> None:
    """Put the source package into place; one that is there is the one: its name says its version."""
    if is_url(address) and not srpm.is_file():
        crawl.visitor(network, memory).file(Want(address, "the source of anaconda"), srpm)


def verified(srpm: Path, pinned: Sequence[Key]) -> Any:
    """Return the source package, signed by a pinned key. Raises PackageError."""
    try:
        package = reader.read(srpm, srpm.name, keyring.load(pinned))
    except reader.Bad as bad:
        raise PackageError(
            f"{srpm}: {bad}", hint="add the key to [[keys]] if you trust it; else fetch the package again"
        ) from None
    if package.name != "anaconda" or not srpm.name.endswith(".src.rpm"):
        raise PackageError(f"{srpm}: is not the source package of anaconda", hint="correct [anaconda] srpm")
    return package


def unpack(srpm: Path, packed: Path, source: Path, limit: int) -> None:
    """Write the files of a source package to packed, and its tarball to source, without its topmost directory."""
    import rpm_rs

    make_directory(source)
    for one in rpm_rs.PackageReader.open(str(srpm)):
        if one.content is not None:
            write(packed / PurePosixPath(str(one.metadata.path)).name, one.content, durable=False)
    balls = [path for path in sorted(packed.iterdir()) if path.name.endswith(TARBALLS)]
    if len(balls) != 1:
        raise ContentError(f"{srpm}: has {len(balls)} tarballs, expected is one", hint="is it anaconda's?")
    inside = packed.with_name("tarball")
    try:
        with tarfile.open(balls[0]) as ball:
            members = ball.getmembers()
            if sum(one.size for one in members) > limit:
                raise ContentError(f"{balls[0].name}: is larger than [network] limit allows when it is unpacked")
            ball.extractall(inside, members, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ContentError(f"{srpm}: {balls[0].name} cannot be unpacked, {error}", hint="fetch it again") from None
    tops = [path for path in inside.iterdir() if path.is_dir()]
    if len(tops) != 1:
        raise ContentError(f"{srpm}: {balls[0].name} has {len(tops)} directories at its top, expected is one")
    remove_directory(source)
    move(tops[0], source)


def upstream_series(packed: Path) -> list[Patch]:
    """Return the patches that the package's own spec file applies."""
    specs = sorted(packed.glob("*.spec"))
    return patch_series.of_spec(read_text(specs[0]), specs[0].name) if specs else []


def own_series(directory: Path) -> list[Patch]:
    """Return our patches. Raises ContentError if there are none."""
    if not directory.is_dir():
        raise ContentError(f"{directory}: is not there", hint="check it out, or correct [anaconda] patches")
    listed = read_text(directory / "series") if (directory / "series").is_file() else None
    found = patch_series.of_directory((path.name for path in directory.iterdir()), listed, str(directory))
    if not found:
        raise ContentError(f"{directory}: has no patches NNN-NAME.patch", hint="correct [anaconda] patches")
    return found


def apply_all(patches: Sequence[Patch], directory: Path, source: Path, origin: str) -> list[Applied]:
    """Apply patches in order; before the first that changes our install class, it is made as a copy of CentOS's."""
    applied = []
    for one in patches:
        file = real_file(directory, one.name)
        data = read_bytes(file)
        inherit(data, one, source)
        apply(file, one.strip, source)
        applied.append(Applied(one.name, hashlib.sha256(data).hexdigest(), origin))
        shipped = {f"{CLASSES}/{name}" for name in PLACES}
        for path in sorted(patch_series.touched(data, one.strip) - shipped):
            progress.note(f"{one.name}: changes {path}, which is not part of product.img")
    return applied


def inherit(data: bytes, patch: Patch, source: Path) -> None:
    """Make koozali.py of centos.py if a patch wants to change it and it is not there, as the spec of the wiki does."""
    wanted = OURS in patch_series.touched(data, patch.strip) and not patch_series.makes(data, OURS, patch.strip)
    if wanted and not (source / OURS).exists() and (source / THEIRS).is_file():
        copy(real_file(source, THEIRS), source / OURS)


def apply(file: Path, strip: int, source: Path) -> None:
    """Apply one patch, tried before. Raises ContentError with what was rejected, and where."""
    command: list[str | Path] = [
        "patch",
        f"-p{strip}",
        "--batch",
        "--forward",
        "--no-backup-if-mismatch",
        "-d",
        source,
        "-i",
        file,
    ]
    rejects = source.with_name("rejects")
    try:
        run([*command, "--dry-run"], package="patch")
        run(command, package="patch")
    except Failed as error:
        remove(rejects)
        said = run([*command, "-r", rejects], package="patch", answers=(0, 1, 2)) or error.said
        failed = [line for line in said.splitlines() if not line.startswith("Hunk") or "FAILED" in line]
        context = read_text(rejects).splitlines() if rejects.is_file() else []
        shown = "".join(f"\n    {line}" for line in [*failed, *context][:REJECTED])
        raise ContentError(
            f"{file}: does not apply to upstream's anaconda{shown}",
            hint="make this patch anew for that version; the layer of before is kept",
        ) from None


def place(source: Path, target: Path) -> dict[str, str]:
    """Make the layer of the install classes; return path -> SHA-256."""
    wanted = patch_series.placed(PLACES, CLASSES)
    absent = sorted({relative for relative in wanted.values() if not (source / relative).is_file()})
    if absent:
        raise ContentError(f"anaconda's source lacks {', '.join(absent)}", hint="is a patch missing in the series?")
    for relative, origin in wanted.items():
        copy(real_file(source, origin), target / relative)
    for relative in set(layers.listed(target)) - set(wanted):
        layers.remove_with_parents(target, relative)
    return {relative: digest_of(target / relative) for relative in sorted(wanted)}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a small file, "" if it is not there."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
