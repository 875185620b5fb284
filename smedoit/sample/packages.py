# SPDX-License-Identifier: GPL-3.0-or-later
"""Real RPMs, built and signed with a practice key: the same recipe gives the same bytes everywhere.

The practice world's recipes come from the catalogue; tests and benchmarks write their own,
or a chain of them, with sizes spread like those of a distribution.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smedoit.config.tiers import PRACTICE_KEYS
from smedoit.keys.known import PRACTICE_VENDOR

if TYPE_CHECKING:
    from rpm_rs import DependencyFlags, PackageBuilder, Signer

    from smedoit.config.tiers import Tier

KEYS = Path(__file__).parent / "keys"
FINGERPRINTS = PRACTICE_KEYS
BUILD_HOST = "practice.example.invalid"
BUILT = int(datetime(2021, 6, 1, tzinfo=timezone.utc).timestamp())  # every package's build and signing time
# What the rpm of some base unpacks. xz takes 30 ms to begin at its usual level, gzip makes more of less at 1.
COMPRESSIONS = {"gzip": ("Gzip", 6), "xz": ("Xz", 1), "zstd": ("Zstd", 3), "none": ("NONE", None)}
RELATIONS = ("requires", "provides", "obsoletes", "conflicts", "recommends", "suggests", "supplements", "enhances")
PURPOSES = {
    "pre": "SCRIPT_PRE",
    "post": "SCRIPT_POST",
    "preun": "SCRIPT_PREUN",
    "postun": "SCRIPT_POSTUN",
    "pretrans": "PRETRANS",
    "posttrans": "POSTTRANS",
    "interp": "INTERP",
    "config": "CONFIG",
}  # what a package may be required for -> rpm's flag
SIGNS = {
    "": (),
    "<": ("LESS",),
    "<=": ("LESS", "EQUAL"),
    "=": ("EQUAL",),
    ">=": ("GREATER", "EQUAL"),
    ">": ("GREATER",),
}


class RecipeChange(NamedTuple):
    """One changelog entry."""

    day: date
    author: str  # Name <address>
    evr: str
    text: str


@dataclass(frozen=True)
class RpmRecipe:
    """All there is to say about one practice RPM.

    requires, provides, obsoletes, conflicts, recommends, suggests, supplements, enhances
                as a spec file writes them: "bash", "glibc >= 2.17", "(nano or vim)"
    requires_for
                (one of PURPOSES, what it is needed for): ("post", "bash") is Requires(post) of a spec file
    files       absolute paths that it owns beside its payload; each holds a line of text (a source
                package has its spec file instead)
    size        bytes of incompressible payload, so the RPM is as large and a little more
    source_rpm  file name of the source package, by default the one that bears its own name
    key         who signs: koozali, centos, or "" for a package without a signature
    module      NAME:STREAM:VERSION:CONTEXT of the build of a module that it belongs to
    """

    name: str
    version: str
    release: str
    arch: str = "noarch"
    epoch: int = 0
    requires: tuple[str, ...] = ()
    requires_for: tuple[tuple[str, str], ...] = ()
    provides: tuple[str, ...] = ()
    obsoletes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    suggests: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    enhances: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    changelog: tuple[RecipeChange, ...] = field(default=(), repr=False)
    size: int = 1000
    source_rpm: str = ""
    is_source: bool = False
    key: str = "koozali"
    compression: str = "xz"
    module: str = ""
    summary: str = "A practice package, worth nothing"

    @property
    def evr(self) -> str:
        """Epoch, version and release as a dependency or a changelog spells them."""
        return f"{self.epoch}:{self.version}-{self.release}" if self.epoch else f"{self.version}-{self.release}"

    @property
    def file_name(self) -> str:
        """The name that rpmbuild would give the file."""
        return f"{self.name}-{self.version}-{self.release}.{'src' if self.is_source else self.arch}.rpm"


def build_rpm(recipe: RpmRecipe) -> bytes:
    """Return the RPM that recipe describes: format V4, signed with RSA over its header."""
    from rpm_rs import Package

    from smedoit.sample import header

    raw = bytes(_prepare_builder(recipe).build().to_bytes())
    if recipe.is_source:
        raw = header.as_source_package(raw)
    else:
        own = f"{recipe.name}-{recipe.version}-{recipe.release}.src.rpm"
        raw = header.with_origin(raw, recipe.source_rpm or own, recipe.module)
    package = Package.from_bytes(raw)
    package.clear_signatures()  # only this brings the digests up to date
    if recipe.key:
        package.sign(practice_signer(recipe.key), timestamp=BUILT)
    return bytes(package.to_bytes())


def _prepare_builder(recipe: RpmRecipe) -> PackageBuilder:
    """Return rpm-rs's builder with everything in it that it can say."""
    from rpm_rs import BuildConfig, CompressionType, PackageBuilder, RpmFormat

    builder = PackageBuilder(recipe.name, recipe.version, "GPLv2+", recipe.arch, recipe.summary)
    name, level = COMPRESSIONS[recipe.compression]
    kind = getattr(CompressionType, name)
    # without reserved space the signature decides nothing but itself, and the file is as small as an old one
    config = BuildConfig(
        format=RpmFormat.V4, compression=kind, compression_level=level, source_date=BUILT, reserved_space=0
    )
    builder.using_config(config)
    builder.release(recipe.release)
    if recipe.epoch:
        builder.epoch(recipe.epoch)
    builder.build_host(BUILD_HOST)
    builder.vendor(PRACTICE_VENDOR)
    builder.description(f"{recipe.summary}.\nIt exists to be sorted, signed, checked and put on a medium.")
    _add_relations(builder, recipe)
    _add_files(builder, recipe)
    for change in recipe.changelog:
        noon = datetime(change.day.year, change.day.month, change.day.day, 12, tzinfo=timezone.utc)
        builder.add_changelog_entry(f"{change.author} {change.evr}", change.text, int(noon.timestamp()))
    return builder


def _add_relations(builder: PackageBuilder, recipe: RpmRecipe) -> None:
    """Add to builder what recipe requires, provides, obsoletes, conflicts with, recommends and so on."""
    from rpm_rs import DependencyFlags

    for kind in RELATIONS:
        for relation in getattr(recipe, kind):
            getattr(builder, kind)(*_parse_relation(relation))
    for purpose, relation in recipe.requires_for:
        name, version, flags = _parse_relation(relation)
        builder.requires(name, version, flags | getattr(DependencyFlags, PURPOSES[purpose]))


def _parse_relation(relation: str) -> tuple[str, str, DependencyFlags]:
    """Return name, version and comparison of a relation; a boolean one is a name as a whole."""
    from rpm_rs import DependencyFlags

    name, *rest = [relation] if relation.startswith("(") else relation.split(" ")
    sign, version = rest or ("", "")
    signs = (getattr(DependencyFlags, flag_name) for flag_name in SIGNS[sign])
    return name, version, sum(signs, DependencyFlags(0))


def _add_files(builder: PackageBuilder, recipe: RpmRecipe) -> None:
    """Put recipe's files and its payload into builder."""
    from rpm_rs import FileOptions

    title = f"{recipe.name}-{recipe.evr}.{recipe.arch}"
    payload = f"./{recipe.name}.tar" if recipe.is_source else f"/usr/share/practice/{recipe.name}-{recipe.arch}"
    for path in (f"./{recipe.name}.spec",) if recipe.is_source else recipe.files:
        mode = 0o755 if "bin/" in path else 0o644
        builder.with_file_contents(f"practice file of {title}\n".encode(), FileOptions.new(path, permissions=mode))
    builder.with_file_contents(_incompressible_bytes(title, recipe.size), FileOptions.new(payload, permissions=0o644))


@cache
def practice_signer(key: str) -> Signer:
    """Return rpm-rs's signer for a practice key."""
    from rpm_rs import Signer

    return Signer.from_file(str(KEYS / f"RPM-GPG-KEY-practice-{key}.secret"))


def _incompressible_bytes(seed: str, size: int) -> bytes:
    """Return size bytes that nothing compresses, the same for the same seed on every machine."""
    return random.Random(seed).randbytes(size)


@dataclass
class FillLog:
    """What filling a practice world came by.

    dry_run  nothing is written
    wanted   every file that belongs to it, whether it is there or not
    missing  those that are not there, or were not
    """

    dry_run: bool = False
    wanted: list[Path] = field(default_factory=list)
    missing: list[Path] = field(default_factory=list)


FILLING: ContextVar[FillLog] = ContextVar("FILLING")


@contextmanager
def log_filling(dry_run: bool) -> Iterator[FillLog]:
    """Yield a log of all that write_if_missing is asked for within; dry_run lets it write nothing."""
    log = FillLog(dry_run)
    token = FILLING.set(log)
    try:
        yield log
    finally:
        FILLING.reset(token)


def write_if_missing(path: Path, content: Callable[[], bytes | str]) -> None:
    """Write what content returns to path, unless path exists: real files are never overwritten."""
    from smedoit.runtime import files

    log = FILLING.get(FillLog())
    log.wanted.append(path)
    if not path.exists() and not path.is_symlink():
        log.missing.append(path)
        if not log.dry_run:
            files.write_file(path, content())


def make_if_missing(directory: Path) -> None:
    """Make an empty directory, unless it is there."""
    if not FILLING.get(FillLog()).dry_run:
        directory.mkdir(parents=True, exist_ok=True)


def write_rpm(recipe: RpmRecipe, directory: Path) -> Path:
    """Return the file of recipe below directory, built if it was not there."""
    path = directory / recipe.file_name
    write_if_missing(path, partial(build_rpm, recipe))
    return path


def package_directory(tier: Tier, arch: str, is_source: bool) -> Path:
    """Return where a practice tier keeps such packages."""
    if tier.flat or tier.path.name == "Packages":
        return tier.path
    if tier.mirror:
        return tier.path / "Packages"
    return tier.path / ("SRPMS" if is_source else f"{arch}/RPMS")


def spread_sizes(count: int, total_bytes: int) -> tuple[int, ...]:
    """Return count sizes that add up to total_bytes, most small and a few huge, the smallest first.

    They follow a log-normal law a little narrower than that of the sizes of Debian 12's packages (whose
    logarithms deviate by 2.1): half of the packages have less than a fifth of the mean, and
    the largest one in a hundred share more than a quarter of all bytes.
    """
    from math import exp
    from statistics import NormalDist

    law = NormalDist(0, 1.8)
    weights = [exp(law.inv_cdf((n + 0.5) / count)) for n in range(count)]
    sizes = [int(weight / sum(weights) * total_bytes) for weight in weights]
    return (*sizes[:-1], total_bytes - sum(sizes[:-1]))


def chained_recipes(
    count: int, total_bytes: int, *, version: str = "1.0", compression: str = "none"
) -> Iterator[RpmRecipe]:
    """Yield count recipes that need each other in a chain and carry total_bytes of payload together."""
    for n, size in enumerate(spread_sizes(count, total_bytes)):
        name, before = f"crowd-{n:05}", f"crowd-{n - 1:05}"
        needed = (f"{before} >= {version}",) if n else ()
        change = RecipeChange(date(2021, 5, 1), "Ada Practice <ada@example.invalid>", f"{version}-1", "- one of many")
        yield RpmRecipe(
            name, version, "1.el7.sme", requires=needed, size=size, changelog=(change,), compression=compression
        )
