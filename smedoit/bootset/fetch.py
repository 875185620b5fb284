# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set: fetched by its pins, and pinned after holding it against what upstream says of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import BASES
from smedoit.bootset import kernels, sources
from smedoit.bootset.base_fit import refuse_other_base
from smedoit.bootset.pins import (
    PinFile,
    check_required_files,
    in_boot_set,
    parse_pins,
    single_kernel_version,
)
from smedoit.bootset.sources import BootSetOrigin
from smedoit.config.inputs import BootSetSettings
from smedoit.config.network import NetworkSettings
from smedoit.errors import ConfigError, ContentError, NetworkError, format_grouped, format_size
from smedoit.fetch import crawl
from smedoit.fetch.http import ServerUnreachableError
from smedoit.medium_paths import TREEINFO
from smedoit.runtime import progress
from smedoit.runtime.checksums import ChecksummedFile
from smedoit.runtime.digests import DigestCache
from smedoit.runtime.files import (
    VCS_DIRECTORIES,
    link_file,
    read_file_text,
    remove_file,
    replacing_directory,
    resolve_path_below,
    write_file,
)
from smedoit.tree import layers
from smedoit.tree.boot_files import check_kernel_copies

PATCHED = frozenset(base.bios.image for base in BASES.values())  # by who writes a medium: where they lie on it
MARKER = ".smedoit-boot-set"  # says that a directory is ours to tidy up
MARKED = "doit boot_set keeps this directory as boot_set.sha256 pins it: other files in it are removed.\n"


# doit boot_set


def fetch_boot_set(
    boot: BootSetSettings, pins: PinFile, network: NetworkSettings, downloads: Path, fact_cache: Path
) -> str:
    """Make the boot set's directory what the pins say; until every file is here and right, it stays as it was.

    downloads   what the addresses gave last
    fact_cache  knows the digests of files
    """
    if not boot.is_managed:
        return f"[boot_set] has only a path, so {boot.path} is taken as it is"
    pinned = _read_pins(pins.path)
    check_required_files(pinned, pins.path, pins)
    check_kernel_copies(pins.base, {path: pin.sha256 for path, pin in pinned.items()})
    sums = DigestCache(fact_cache)
    digests = _pinned_file_digests(boot.path, pinned, sums)
    wrong = {path: found for path, found in digests.items() if found != pinned[path].sha256}
    visitor = crawl.caching_fetcher(network, downloads)
    origins = sources.boot_set_origins(boot, visitor, pins.base)
    if not origins:
        return _check_local_boot_set(boot.path, pins.base, pinned, wrong, sums)
    refuse_unknown_files(boot.path, pinned)
    incoming = boot.path.with_name(f".{boot.path.name}.incoming")
    BootSetSources(origins, sums).gather([pinned[path] for path in sorted(wrong)], incoming)
    places = {path: incoming if path in wrong else boot.path for path in pinned}
    kernel = describe_boot_kernel(pins.base, {path: place / path for path, place in places.items()}) if wrong else ""
    removed = install_boot_set(incoming, boot.path, wrong, pinned)
    sums.save()
    size = format_size(sum(pinned[path].size for path in wrong))
    counts = f"{len(pinned)} files, {len(wrong)} new ({size}), {removed} removed"
    return "; ".join(filter(None, [counts, kernel, str(visitor.totals) if visitor.totals.requests else ""]))


def _read_pins(file: Path) -> dict[str, ChecksummedFile]:
    """Return the pins. Raises ConfigError if there are none yet."""
    if not file.is_file():
        raise ConfigError(
            f"{file}: does not exist: the boot set is not pinned",
            hint="run doit pin_boot_set once, look at what it writes, and keep it with release.toml",
        )
    return parse_pins(read_file_text(file), file)


def _pinned_file_digests(root: Path, pins: Iterable[str], sums: DigestCache) -> dict[str, str]:
    """Return path -> SHA-256 of every pinned file as it lies there, "" for one that does not."""
    found = {}
    for path in pins:
        place = resolve_path_below(root, path)
        found[path] = sums.sha256(place) if place.is_file() else ""
    return found


def _check_local_boot_set(
    root: Path, base: Base, pins: Mapping[str, ChecksummedFile], wrong: Mapping[str, str], sums: DigestCache
) -> str:
    """Return what was checked of a boot set that a person put into place. Raises ContentError with all that differs."""
    faults = [_describe_mismatch(path, pins[path].sha256, found) for path, found in sorted(wrong.items())]
    faults += [
        f"{path}: is not pinned"
        for path in layers.list_tree_files(root)
        if in_boot_set(base, path) and path not in pins
    ]
    if faults:
        raise ContentError(
            f"{root}: is not the boot set that is pinned\n{format_grouped({'differences': faults})}",
            hint="put the right files there; or, if these are right, run doit pin_boot_set",
        )
    sums.save()
    return f"{len(pins)} files are as they were pinned"


def _describe_mismatch(path: str, expected: str, found: str) -> str:
    """Return what is wrong with a file: expected and found."""
    return f"{path}: expected sha256 {expected}, found {found or 'no such file'}"


def refuse_unknown_files(root: Path, pins: Mapping[str, object]) -> None:
    """Raise ContentError for a directory that holds other things, and that we did not make."""
    if any((root / name).exists() for name in VCS_DIRECTORIES):
        raise ContentError(
            f"{root}: is a working copy, and would be replaced as a whole",
            hint="give [boot_set] path a directory of its own, outside of version control",
        )
    if (root / MARKER).exists():
        return
    unknown = [path for path in layers.list_tree_files(root) if path not in pins]
    if unknown:
        raise ContentError(
            f"{root}: holds {len(unknown)} files that are not part of the boot set, {unknown[0]} among them",
            hint="give [boot_set] path a directory of its own; with a source, doit boot_set removes all else from it",
        )


@dataclass
class BootSetSources:
    """The places that a boot set comes from, and those of them that turned out to give nothing at all."""

    origins: Sequence[BootSetOrigin]
    sums: DigestCache
    silent: dict[str, str] = field(default_factory=dict)

    def gather(self, wanted: Sequence[ChecksummedFile], incoming: Path) -> None:
        """Put the wanted files into incoming, each from the first place that gives the right one.

        Raises ContentError with all files that no place gives, and each place's reason; the others are kept.
        """
        faults = {pin.name: self.faults(pin, resolve_path_below(incoming, pin.name)) for pin in wanted}
        faults = {path: reasons for path, reasons in faults.items() if reasons}
        self.sums.save()
        if faults:
            raise ContentError(
                f"{len(faults)} files of the boot set are on no mirror as pinned; the existing set is kept\n"
                + format_grouped(faults),
                hint="run doit boot_set again later, add a further address to [boot_set] bases, or, if upstream"
                " changed its files on purpose, run doit pin_boot_set",
            )

    def faults(self, pin: ChecksummedFile, target: Path) -> list[str]:
        """Make target the pinned file; return why no place gives it, nothing if one does."""
        if target.is_file() and self.sums.sha256(target) == pin.sha256:
            return []
        reasons: list[str] = []
        for source in self.origins:
            reason = self.silent.get(source.name) or self.fault(source, pin, target)
            if not reason:
                return []
            progress.log_line(reason)
            reasons.append(reason)
        return reasons

    def fault(self, source: BootSetOrigin, pin: ChecksummedFile, target: Path) -> str:
        """Make target the pinned file from one place; return why it does not give it, "" if it does."""
        try:
            source.take(pin.name, pin, target)
        except (NetworkError, ContentError) as error:
            reason = str(error).splitlines()[0]
            if isinstance(error, ServerUnreachableError):
                self.silent[source.name] = reason
            return reason
        found = self.sums.sha256(target)
        if found == pin.sha256:
            return ""
        remove_file(target)
        patched = ", an ISO carries it with its boot info table filled in" if pin.name in PATCHED else ""
        return f"{source.name}: {_describe_mismatch(pin.name, pin.sha256, found)}{patched}"


def install_boot_set(incoming: Path, target: Path, arrived: Iterable[str], pins: Mapping[str, ChecksummedFile]) -> int:
    """Put what arrived into place, remove what is not pinned; return how many files were removed."""
    arriving = set(arrived)
    gone = [path for path in layers.list_tree_files(target) if path not in pins and path != MARKER]
    for path in gone:
        progress.log_line(f"{path}: is not pinned, removed")
    if arriving or gone or not (target / MARKER).exists():
        with replacing_directory(target) as new:  # never a kernel of one release beside an initrd of another
            for path in pins:
                link_file(resolve_path_below(incoming if path in arriving else target, path), new / path)
            write_file(new / MARKER, MARKED)
    shutil.rmtree(incoming, ignore_errors=True)
    return len(gone)


def describe_boot_kernel(base: Base, files: Mapping[str, Path]) -> str:
    """Return which kernel a set is made for, and which files do not say.

    files  path in the boot set -> the file; those that tell no kernel are passed over

    Raises ContentError if they disagree, or are of another base.
    """
    found, silent = dict[str, set[str]](), []
    for path, read in kernels.kernel_readers(base).items():
        try:
            if path in files:
                found[path] = read(files[path])
        except kernels.KernelVersionError as reason:
            silent.append(f"{path} {reason}")
    kernel = single_kernel_version(found)
    refuse_other_base(base, {kernel} - {""}, files.get(TREEINFO))
    summary = (
        f"kernel {kernel} in {', '.join(Path(path).name for path in found)}"
        if kernel
        else "no file names its kernel version"
    )
    return "; unknown: ".join(filter(None, [summary, "; ".join(silent)]))
