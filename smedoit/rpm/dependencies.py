"""What packages require and provide, and which requirement nobody meets: quick, and without a solver.

Good enough to say what a promotion would break before it is done. Rich dependencies and
conflicts are the solver's; the closure of the medium asks it before the ISO is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smedoit.errors import PackageError
from smedoit.package import Evr
from smedoit.rpm import reader
from smedoit.runtime import workers
from smedoit.runtime.files import wrap_os_errors

LESS, GREATER, EQUAL = 2, 4, 8  # rpm's flags of a relation
SIGNS = {0: "", LESS: "<", LESS | EQUAL: "<=", EQUAL: "=", GREATER | EQUAL: ">=", GREATER: ">"}


@dataclass(frozen=True)
class RpmDependency:
    """One thing that a package requires or provides.

    sign  LESS, GREATER and EQUAL together; 0 for any version
    evr   as rpm writes it, [EPOCH:]VERSION[-RELEASE]
    """

    name: str
    sign: int = 0
    evr: str = ""

    def __str__(self) -> str:
        return f"{self.name} {SIGNS[self.sign]} {self.evr}" if self.sign else self.name


@dataclass(frozen=True)
class PackageDependencies:
    """All that a package requires and provides; files are the paths that it owns."""

    requires: tuple[RpmDependency, ...] = ()
    provides: tuple[RpmDependency, ...] = ()
    files: tuple[str, ...] = ()


def unmet_requirements(packages: Mapping[str, PackageDependencies]) -> set[tuple[str, str]]:
    """Return (NEVRA, requirement) for every requirement that no package of the set meets.

    packages  NEVRA -> its relations
    """
    offered: dict[str, list[RpmDependency]] = {}
    files = {path for package in packages.values() for path in package.files}
    for package in packages.values():
        for relation in package.provides:
            offered.setdefault(relation.name, []).append(relation)
    return {
        (nevra, str(required))
        for nevra, package in packages.items()
        for required in package.requires
        if not _is_met(required, offered.get(required.name, ()), files)
    }


def _is_met(required: RpmDependency, offered: Iterable[RpmDependency], files: set[str]) -> bool:
    """Return whether a requirement is met; rpm's own features and rich dependencies are not asked about here."""
    if required.name.startswith(("rpmlib(", "(", "config(")) or required.name in files:
        return True
    return any(dependencies_overlap(required, provided) for provided in offered)


def dependencies_overlap(required: RpmDependency, provided: RpmDependency) -> bool:
    """Return whether a version exists that both relations mean, as rpm decides it."""
    if not required.sign or not provided.sign or not required.evr or not provided.evr:
        return True
    ours, theirs = _parse_evr(required.evr), _parse_evr(provided.evr)
    if not (ours.release and theirs.release):  # a relation without a release means all of them
        ours, theirs = Evr(ours.epoch, ours.version, ""), Evr(theirs.epoch, theirs.version, "")
    order = theirs.compare(ours)
    if order < 0:
        return bool(provided.sign & GREATER or required.sign & LESS)
    if order > 0:
        return bool(provided.sign & LESS or required.sign & GREATER)
    return bool(required.sign & provided.sign)


def _parse_evr(text: str) -> Evr:
    """Return [EPOCH:]VERSION[-RELEASE] as an EVR; release is "" where it is not said."""
    epoch, colon, rest = text.partition(":")
    if not colon:
        epoch, rest = "0", text
    version, _, release = rest.partition("-")
    return Evr(int(epoch) if epoch.isdigit() else 0, version, release)


def read_all_dependencies(paths: Mapping[str, Path]) -> dict[str, PackageDependencies]:
    """Return the relations of every package, under the names that paths gives them. Raises PackageError, TreeError."""
    return dict(zip(paths, workers.map_parallel(read_dependencies, list(paths.values())), strict=True))


def read_dependencies(path: Path) -> PackageDependencies:
    """Return the relations of one package. Raises PackageError, TreeError."""
    try:
        with wrap_os_errors(path, "read"):
            meta = reader.open_header(path)
        return PackageDependencies(
            _convert_dependencies(meta.requires()),
            _convert_dependencies(meta.provides()),
            tuple(map(str, meta.file_paths())),
        )
    except (reader.BadPackageError, *reader.LIBRARY_ERRORS) as error:
        raise PackageError(f"{path}: {error}", hint="get a good copy of it") from None


def _convert_dependencies(found: Iterable[Any]) -> tuple[RpmDependency, ...]:
    """Return rpm-rs's dependencies as ours."""
    mask = LESS | GREATER | EQUAL
    return tuple(
        RpmDependency(str(dependency.name), int(dependency.flags) & mask, str(dependency.version))
        for dependency in found
    )
