# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack anaconda's source package, apply its patches and Koozali's, and take the install classes for product.img."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from smedoit.config.checks import AnacondaSettings
from smedoit.config.network import MIB, is_http_url
from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError, PackageError
from smedoit.fetch.client import Fetcher
from smedoit.fetch.response import DownloadRequest
from smedoit.installer import patch_series
from smedoit.installer.patch_series import SeriesPatch
from smedoit.installer.python27_imports import CLASSES_DIRECTORY as CLASSES
from smedoit.keys import keyring
from smedoit.rpm import header, reader
from smedoit.runtime import digests, progress
from smedoit.runtime.files import (
    copy_file,
    make_directory,
    move_path,
    read_file_bytes,
    read_file_text,
    remove_directory,
    remove_file,
    replacing_directory,
    resolve_file_below,
    write_file,
)
from smedoit.runtime.process import ProgramError, run_program

PRODUCT, RUNTIME = f"run/install/product/{CLASSES}", f"usr/lib64/python2.7/site-packages/{CLASSES}"
OURS, THEIRS = f"{CLASSES}/koozali.py", f"{CLASSES}/centos.py"
PLACES = {"koozali.py": (PRODUCT, RUNTIME), "centos.py": (RUNTIME,), "fedora.py": (RUNTIME,)}  # as the wiki says
TARBALLS = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz")


@dataclass(frozen=True)
class AppliedPatch:
    """A patch that was applied, for the record."""

    name: str
    sha256: str
    origin: str


def make_anaconda_layer(
    settings: AnacondaSettings,
    pinned: Sequence[KeySettings],
    fetcher: Fetcher,
    srpm: Path,
    scratch: Path,
    target: Path,
) -> str:
    """Make the layer of product.img that comes from anaconda's source, and the record of where it is from.

    srpm     where the source package lies, or is put once it is fetched
    scratch  a directory that is unpacked and patched in
    target   the layer, target.json the record

    Raises NetworkError, PackageError, ContentError; the layer then stays as it was.
    """
    if not settings.srpm:
        return "[anaconda] names no srpm, the install classes of the content tree are used"
    _fetch_srpm(settings.srpm, fetcher, srpm)
    package = _verify_srpm(srpm, pinned)
    remove_directory(scratch)
    packed, source = scratch / "packed", scratch / "source"
    _unpack_srpm(srpm, packed, source, fetcher.network.limit * MIB)
    applied = [*_apply_patches(_srpm_patches(packed), packed, source, "upstream")]
    own = Path(settings.patches or settings.source)
    applied += _apply_patches(_koozali_patches(own), own, source, "ours")
    files = _place_install_classes(source, target)
    record = {
        "source": {"name": package.filename, "sha256": package.sha256, "key": package.key},
        "patches": [{"order": number, **vars(patch)} for number, patch in enumerate(applied, 1)],
        "files": files,
    }
    write_file(target.with_suffix(".json"), json.dumps(record, indent=1, sort_keys=True) + "\n")
    remove_directory(scratch)
    ours = [patch.name for patch in applied if patch.origin == "ours"]
    return f"{package.filename}, {len(applied)} patches, {len(ours)} of them ours; {len(files)} files for product.img"


def _fetch_srpm(address: str, fetcher: Fetcher, srpm: Path) -> None:
    """Fetch the source package, unless a file of that name, which has the version in it, is there."""
    if is_http_url(address) and not srpm.is_file():
        fetcher.file(DownloadRequest(address, "the source of anaconda"), srpm)


def _verify_srpm(srpm: Path, pinned: Sequence[KeySettings]) -> Any:
    """Return the source package, signed by a pinned key. Raises PackageError."""
    try:
        package = reader.read_package(srpm, srpm.name, keyring.load_pinned_keys(pinned))
    except header.BadPackageError as bad:
        raise PackageError(
            f"{srpm}: {bad}", hint="add the key to [[keys]] if you trust it; else fetch the package again"
        ) from None
    if package.name != "anaconda" or not srpm.name.endswith(".src.rpm"):
        raise PackageError(f"{srpm}: is not the source package of anaconda", hint="correct [anaconda] srpm")
    return package


def _unpack_srpm(srpm: Path, packed: Path, source: Path, limit: int) -> None:
    """Write the files of a source package to packed, and its tarball to source, without its topmost directory."""
    make_directory(source)
    for path, content in reader.payload_files(srpm):
        write_file(packed / PurePosixPath(path).name, content, durable=False)
    tarballs = [path for path in sorted(packed.iterdir()) if path.name.endswith(TARBALLS)]
    if len(tarballs) != 1:
        raise ContentError(f"{srpm}: has {len(tarballs)} tarballs, expected one", hint="is it anaconda's?")
    unpacked = packed.with_name("tarball")
    try:
        with tarfile.open(tarballs[0]) as ball:
            members = ball.getmembers()
            if sum(member.size for member in members) > limit:
                raise ContentError(f"{tarballs[0].name}: is larger than [network] limit allows when it is unpacked")
            ball.extractall(unpacked, members, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ContentError(f"{srpm}: {tarballs[0].name} cannot be unpacked, {error}", hint="fetch it again") from None
    top_directories = [path for path in unpacked.iterdir() if path.is_dir()]
    if len(top_directories) != 1:
        raise ContentError(
            f"{srpm}: {tarballs[0].name} has {len(top_directories)} directories at its top, expected one"
        )
    remove_directory(source)
    move_path(top_directories[0], source)


def _srpm_patches(packed: Path) -> list[SeriesPatch]:
    """Return the patches that the package's own spec file applies."""
    specs = sorted(packed.glob("*.spec"))
    return patch_series.spec_patches(read_file_text(specs[0]), specs[0].name) if specs else []


def _koozali_patches(directory: Path) -> list[SeriesPatch]:
    """Return our patches. Raises ContentError if there are none."""
    if not directory.is_dir():
        raise ContentError(f"{directory}: is not there", hint="check it out, or correct [anaconda] patches")
    listed = read_file_text(directory / "series") if (directory / "series").is_file() else None
    found = patch_series.directory_patches((path.name for path in directory.iterdir()), listed, str(directory))
    if not found:
        raise ContentError(f"{directory}: has no patches NNN-NAME.patch", hint="correct [anaconda] patches")
    return found


def _apply_patches(patches: Sequence[SeriesPatch], directory: Path, source: Path, origin: str) -> list[AppliedPatch]:
    """Apply patches in order; before the first that changes our install class, it is made as a copy of CentOS's."""
    applied = []
    for patch in patches:
        file = resolve_file_below(directory, patch.name)
        data = read_file_bytes(file)
        _copy_centos_class(data, patch, source)
        _apply_patch(file, patch.strip, source)
        applied.append(AppliedPatch(patch.name, hashlib.sha256(data).hexdigest(), origin))
        shipped = {f"{CLASSES}/{name}" for name in PLACES}
        for path in sorted(patch_series.patched_paths(data, patch.strip) - shipped):
            progress.log_line(f"{patch.name}: changes {path}, which is not part of product.img")
    return applied


def _copy_centos_class(data: bytes, patch: SeriesPatch, source: Path) -> None:
    """Make koozali.py of centos.py if a patch wants to change it and it is not there, as the spec of the wiki does."""
    wanted = OURS in patch_series.patched_paths(data, patch.strip) and not patch_series.creates_file(
        data, OURS, patch.strip
    )
    if wanted and not (source / OURS).exists() and (source / THEIRS).is_file():
        copy_file(resolve_file_below(source, THEIRS), source / OURS)


def _apply_patch(file: Path, strip: int, source: Path) -> None:
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
        run_program([*command, "--dry-run"], package="patch")
        run_program(command, package="patch")
    except ProgramError as error:
        remove_file(rejects)
        output = run_program([*command, "-r", rejects], package="patch", ok_codes=(0, 1, 2)) or error.said
        failed = [line for line in output.splitlines() if not line.startswith("Hunk") or "FAILED" in line]
        context = read_file_text(rejects).splitlines() if rejects.is_file() else []
        shown = "".join(f"\n    {line}" for line in [*failed, *context])
        raise ContentError(
            f"{file}: does not apply to upstream's anaconda{shown}",
            hint="rebase the patch on that version; the previous layer is kept",
        ) from None


def _place_install_classes(source: Path, target: Path) -> dict[str, str]:
    """Make the layer of the install classes; return path -> SHA-256."""
    wanted = patch_series.product_image_paths(PLACES, CLASSES)
    absent = sorted({relative for relative in wanted.values() if not (source / relative).is_file()})
    if absent:
        raise ContentError(f"anaconda's source lacks {', '.join(absent)}", hint="is a patch missing in the series?")
    with replacing_directory(target) as layer:
        for relative, origin in wanted.items():
            copy_file(resolve_file_below(source, origin), layer / relative)
    return {relative: digests.sha256_file(target / relative) for relative in sorted(wanted)}
