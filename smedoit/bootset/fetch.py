"""The boot set: fetched by its pins, and pinned after holding it against what upstream says of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from smedoit.artifacts.checksums import Summed
from smedoit.bootset import kernels, sources
from smedoit.bootset.pins import INITRD, KERNEL, STAGE2, belongs, check_twins, check_whole, loads, one_kernel
from smedoit.bootset.sources import Origin
from smedoit.config.inputs import BootSet
from smedoit.config.network import Network
from smedoit.errors import ConfigError, ContentError, NetworkError, grouped, human
from smedoit.fetch import crawl
from smedoit.fetch.http import Unreachable
from smedoit.runtime import progress
from smedoit.runtime.digests import Digests
from smedoit.runtime.files import link, place_below, read_text, remove, write
from smedoit.tree import layers

MARKER = ".smedoit-boot-set"  # says that a directory is ours to tidy up
MARKED = "doit boot_set keeps this directory as boot_set.sha256 pins it: other files in it are removed.\n"
READERS: Mapping[str, Callable[[Path], set[str]]] = {
    KERNEL: kernels.of_vmlinuz,
    INITRD: kernels.of_initrd,
    STAGE2: kernels.of_squashfs,
}


# doit boot_set


def fetch(boot: BootSet, pins_file: Path, network: Network, memory: Path, known: Path) -> str:
    """Make the boot set's directory what the pins say; until every file is here and right, it stays as it was.

    known  where it is remembered which digests files have
    """
    if not boot.is_managed:
        return f"[boot_set] has only a path, so {boot.path} is taken as it is"
    pins = read_pins(pins_file)
    check_whole(pins, pins_file)
    check_twins({path: pin.sha256 for path, pin in pins.items()})
    sums = Digests(known)
    wrong = {path: found for path, found in held(boot.path, pins, sums).items() if found != pins[path].sha256}
    visitor = crawl.visitor(network, memory)
    origins = sources.all_of(boot, visitor)
    if not origins:
        return only_checked(boot.path, pins, wrong, sums)
    refuse_strangers(boot.path, pins)
    incoming = boot.path.with_name(f".{boot.path.name}.incoming")
    Supply(origins, sums).gather([pins[path] for path in sorted(wrong)], incoming)
    kernel = told_kernel({path: (incoming if path in wrong else boot.path) / path for path in READERS}) if wrong else ""
    removed = settle(incoming, boot.path, wrong, pins)
    sums.save()
    size = human(sum(pins[path].size for path in wrong))
    counts = f"{len(pins)} files, {len(wrong)} new ({size}), {removed} removed"
    return "; ".join(filter(None, [counts, kernel, str(visitor.totals) if visitor.totals.requests else ""]))


def read_pins(file: Path) -> dict[str, Summed]:
    """Return the pins. Raises ConfigError if there are none yet."""
    if not file.is_file():
        raise ConfigError(
            f"{file}: is not there, so nobody knows which boot set is the right one",
            hint="run doit pin_boot_set once, look at what it writes, and keep it with release.toml",
        )
    return loads(read_text(file), file)


def held(root: Path, pins: Iterable[str], sums: Digests) -> dict[str, str]:
    """Return path -> SHA-256 of every pinned file as it lies there, "" for one that does not."""
    found = {}
    for path in pins:
        place = place_below(root, path)
        found[path] = sums.sha256(place) if place.is_file() else ""
    return found


def only_checked(root: Path, pins: Mapping[str, Summed], wrong: Mapping[str, str], sums: Digests) -> str:
    """Return what was checked of a boot set that a person put into place. Raises ContentError with all that differs."""
    faults = [difference(path, pins[path].sha256, found) for path, found in sorted(wrong.items())]
    faults += [f"{path}: is not pinned" for path in layers.listed(root) if belongs(path) and path not in pins]
    if faults:
        raise ContentError(
            f"{root}: is not the boot set that is pinned\n{grouped({'differences': faults})}",
            hint="put the right files there; or, if these are right, run doit pin_boot_set",
        )
    sums.save()
    return f"{len(pins)} files are as they were pinned"


def difference(path: str, expected: str, found: str) -> str:
    """Return what is wrong with a file: expected and found."""
    return f"{path}: expected sha256 {expected}, found {found or 'no such file'}"


def refuse_strangers(root: Path, pins: Mapping[str, object]) -> None:
    """Raise ContentError for a directory that holds other things, and that we did not make."""
    if (root / MARKER).exists():
        return
    strangers = [path for path in layers.listed(root) if path not in pins]
    if strangers:
        raise ContentError(
            f"{root}: holds {len(strangers)} files that are not part of the boot set, {strangers[0]} among them",
            hint="give [boot_set] path a directory of its own; with a source, doit boot_set removes all else from it",
        )


@dataclass
class Supply:
    """The places that a boot set comes from, and those of them that turned out to give nothing at all."""

    origins: Sequence[Origin]
    sums: Digests
    silent: dict[str, str] = field(default_factory=dict)

    def gather(self, wanted: Sequence[Summed], incoming: Path) -> None:
        """Put the wanted files into incoming, each from the first place that gives the right one.

        Raises ContentError with all files that no place gives, and each place's reason; the others are kept.
        """
        faults = {pin.name: self.faults(pin, place_below(incoming, pin.name)) for pin in wanted}
        faults = {path: reasons for path, reasons in faults.items() if reasons}
        self.sums.save()
        if faults:
            raise ContentError(
                f"{len(faults)} files of the boot set cannot be had as they are pinned; what was here is kept\n"
                + grouped(faults),
                hint="run doit boot_set again later, add a further address to [boot_set] bases, or, if upstream"
                " changed its files on purpose, run doit pin_boot_set",
            )

    def faults(self, pin: Summed, target: Path) -> list[str]:
        """Make target the pinned file; return why no place gives it, nothing if one does."""
        if target.is_file() and self.sums.sha256(target) == pin.sha256:
            return []
        reasons: list[str] = []
        for one in self.origins:
            reason = self.silent.get(one.name) or self.fault(one, pin, target)
            if not reason:
                return []
            progress.note(reason)
            reasons.append(reason)
        return reasons

    def fault(self, one: Origin, pin: Summed, target: Path) -> str:
        """Make target the pinned file from one place; return why it does not give it, "" if it does."""
        try:
            one.take(pin.name, pin, target)
        except (NetworkError, ContentError) as error:
            reason = str(error).splitlines()[0]
            if isinstance(error, Unreachable):
                self.silent[one.name] = reason
            return reason
        found = self.sums.sha256(target)
        if found == pin.sha256:
            return ""
        remove(target)
        patched = ", an ISO carries it with its boot info table filled in" if pin.name.endswith("isolinux.bin") else ""
        return f"{one.name}: {difference(pin.name, pin.sha256, found)}{patched}"


def settle(incoming: Path, target: Path, arrived: Iterable[str], pins: Mapping[str, Summed]) -> int:
    """Put what arrived into place, remove what is not pinned; return how many files were removed."""
    for path in sorted(arrived):
        link(incoming / path, place_below(target, path))
    if not (target / MARKER).exists():
        write(target / MARKER, MARKED)
    gone = [path for path in layers.listed(target) if path not in pins and path != MARKER]
    for path in gone:
        progress.note(f"{path}: is not pinned, removed")
        layers.remove_with_parents(target, path)
    shutil.rmtree(incoming, ignore_errors=True)
    return len(gone)


def told_kernel(files: Mapping[str, Path]) -> str:
    """Return which kernel a set is made for, and which files do not tell. Raises ContentError if they disagree."""
    found, silent = {}, []
    for path, file in files.items():
        try:
            found[path] = READERS[path](file)
        except kernels.Silent as reason:
            silent.append(f"{path} {reason}")
    kernel = one_kernel(found)
    words = (
        f"kernel {kernel} in {', '.join(Path(path).name for path in found)}" if kernel else "no file tells its kernel"
    )
    return "; not told: ".join(filter(None, [words, "; ".join(silent)]))
