# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release.toml of each major begins with: its base, its tiers as the mirrors have them, upstream's places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL, find_base
from smedoit.config.toml import toml_value

COLUMN = 36  # where comments begin
PRACTICE_STREAMS = {"php": "8.2"}  # of the modules that doit sample has


@dataclass(frozen=True)
class MajorTier:
    """A repository of the update cycle, or one of upstream's.

    path        below [paths] root
    note        what a person reads beside it
    more        further keys of its [[tiers]]
    """

    name: str
    path: str
    note: str = ""
    more: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class ProductMajor:
    """A major of the product on its base.

    major     the number in paths
    base      in [release] base
    version   of its first release
    upstream  directory of the mirror of upstream's release
    tree      directory in it of the tree that has the boot set; ours must be below upstream
    source    the address of that tree
    updates   directories where upstream has what it updates
    key       file name of the key that signs upstream's packages, in keys.known
    own       tiers of the product, the most trusted first
    foreign   repositories of upstream, in the order in which they count
    """

    major: int
    base: str
    version: str
    upstream: str
    tree: str
    source: str
    updates: tuple[str, ...]
    key: str
    own: tuple[MajorTier, ...]
    foreign: tuple[MajorTier, ...]

    @property
    def built_on(self) -> Base:
        """What it is built on."""
        return find_base(self.base)

    @property
    def content_name(self) -> str:
        """How its directories in version control end."""
        return f"sme{self.major}"


def _testing(major: int, name: str, note: str = "", **more: object) -> MajorTier:
    """Return a tier of the product, where the builder has it."""
    return MajorTier(name, f"repo/testing/{major}/{name}", note, tuple(more.items()))


def _rocky_major(major: int, base: str, release: str, devel: str) -> ProductMajor:
    """Return a major on Rocky Linux, which has its updates where its packages are.

    devel  its repository of what packages are built with
    """
    number = release.split(".")[0]
    upstream = f"mirrors/rocky/{number}"

    def mirrored(name: str, note: str, **more: object) -> MajorTier:
        return MajorTier(name.lower(), f"{upstream}/{name}/x86_64/os", note, (*more.items(), ("mirror", True)))

    def sources(name: str, note: str = "") -> MajorTier:
        more = (("stage", False), ("mirror", True))
        return MajorTier(f"{name.lower()}-source", f"{upstream}/{name}/source/tree", note, more)

    return ProductMajor(
        major=major,
        base=base,
        version=f"{major}.0",
        upstream=upstream,
        tree=f"{upstream}/BaseOS/x86_64/os",
        source=f"https://download.rockylinux.org/pub/rocky/{release}/BaseOS/x86_64/os/",
        updates=tuple(f"{upstream}/{name}/x86_64/os" for name in ("BaseOS", "AppStream")),
        key=f"RPM-GPG-KEY-Rocky-{number}",
        own=(
            _testing(major, "smeos"),
            _testing(major, "smeupdates-testing", promote_to="smeos"),
            _testing(major, "smetest", "never goes on a medium", stage=False),
            _testing(major, "smecontribs", "contributions, which are on no medium", stage=False),
            _testing(major, "smecontribs-testing", "and what doit promote takes there", stage=False),
            _testing(major, "smeextras", "what the medium is built with, and never on it", stage=False),
        ),
        foreign=(
            mirrored("BaseOS", "upstream: staged as it is"),
            mirrored("AppStream", "with module streams", repository="AppStream"),
            mirrored(devel, "what packages are built with", stage=False),
            mirrored("extras", "packages are promoted from here by hand", stage=False),
            sources("BaseOS", "where doit source_iso finds their source packages"),
            sources("AppStream"),
        ),
    )


SME10 = ProductMajor(
    major=10,
    base=USUAL.name,
    version="10.1",
    upstream="mirrors/centos/7",
    tree="mirrors/centos/7/os/x86_64",
    source="https://vault.centos.org/7.9.2009/os/x86_64/",
    updates=("mirrors/centos/7/updates/x86_64",),
    key="RPM-GPG-KEY-CentOS-7",
    own=(
        _testing(10, "smeos"),
        _testing(10, "smeupdates"),
        _testing(10, "smeupdates-testing"),
        _testing(10, "smetest", "never goes on a medium", stage=False),
        _testing(10, "smeextras", "what the medium is built with, and never on it", stage=False),
    ),
    foreign=(
        MajorTier(
            "centos", "mirrors/centos/7/os/x86_64/Packages", "upstream: packages are promoted from here by hand",
            (("stage", False), ("mirror", True)),
        ),
    ),
)  # fmt: skip
MAJORS = {
    major.base: major
    for major in (
        SME10,
        _rocky_major(11, "el8", "8.10", "PowerTools"),
        _rocky_major(12, "el9", "9.8", "CRB"),
        _rocky_major(13, "el10", "10.2", "CRB"),  # nobody has begun it
    )
}


def find_product_major(number: int) -> ProductMajor | None:
    """Return what is known of a major, None for one that nobody knows."""
    return next((major for major in MAJORS.values() if major.major == number), None)


def format_modules(major: ProductMajor, streams: Mapping[str, str]) -> list[str]:
    """Return the lines of [modules]: those of the practice world, or an example where nobody has said anything.

    streams  module -> stream; none where a person must still choose
    """
    place = next(tier.path for tier in major.foreign if tier.name == "appstream")
    mark, source = ("", f"{place}/modules.yaml") if streams else ("# ", place)
    title = f"{mark}[modules]"
    return [
        f"{title:<{COLUMN}}# which module streams are on the medium; without it there are none",
        f"{mark}sources = {toml_value([source])}",
        f"{mark}enabled = {toml_value(streams or PRACTICE_STREAMS)}",
        "",
    ]


def format_tier(tier: MajorTier) -> Iterator[str]:
    """Yield the lines of a [[tiers]] entry."""
    yield "[[tiers]]"
    named = f'name = "{tier.name}"'
    yield f"{named:<{COLUMN}}# {tier.note}" if tier.note else named
    for key, value in (("path", tier.path), *tier.more):
        yield f"{key} = {toml_value(value, whole=True)}"


def format_tiers(tiers: Sequence[MajorTier]) -> str:
    """Return [[tiers]] entries with a blank line between them."""
    return "\n\n".join("\n".join(format_tier(tier)) for tier in tiers)
