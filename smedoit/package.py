# SPDX-License-Identifier: GPL-3.0-or-later
"""The noun that everyone shares: a package, and RPM's own order of its versions."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import total_ordering

SOURCE = ("src", "nosrc")
I386 = ("i386", "i486", "i586", "i686")  # what every machine runs that yum calls i386, from EL 5 on
FAMILIES = {"i386": I386, "i686": I386}


def native_architectures(arch: str) -> tuple[str, ...]:
    """Return the architectures that the packages of a release for arch may have, beside noarch.

    A distribution for i386 mixes them: of glibc or openssl it carries i386 and i686 side by side, and yum takes the
    best for the machine.
    """
    return FAMILIES.get(arch, (arch,))


@total_ordering
@dataclass(frozen=True, eq=False)
class Evr:
    """Epoch, version and release, ordered as RPM orders them: 1.05 equals 1.5, 1.0~rc1 is older than 1.0."""

    epoch: int
    version: str
    release: str

    @classmethod
    def parse(cls, text: str) -> Evr:
        """Return what [EPOCH:]VERSION-RELEASE spells. Raises ValueError for an epoch that is no number."""
        epoch, _, rest = text.rpartition(":")
        version, _, release = rest.partition("-")
        return cls(int(epoch or 0), version, release)

    def compare(self, other: Evr) -> int:
        """Return -1, 0 or 1 as self is older than, as old as, or newer than other."""
        import rpm_rs

        ours = rpm_rs.Evr(str(self.epoch), self.version, self.release)
        theirs = rpm_rs.Evr(str(other.epoch), other.version, other.release)
        return int(ours > theirs) - int(ours < theirs)  # its == compares text: 1.05 and 1.5 would differ

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Evr) and self.compare(other) == 0

    def __lt__(self, other: Evr) -> bool:
        return self.compare(other) < 0

    def __hash__(self) -> int:
        return hash(self.epoch)  # all that equal versions are sure to share

    def __str__(self) -> str:
        short = f"{self.version}-{self.release}"
        return f"{self.epoch}:{short}" if self.epoch else short


@dataclass(frozen=True)
class Package:
    """One RPM file that has been read and found good.

    arch    "src" for a source package, whatever machine its header names
    file    where it lies, relative to the build root where that is possible
    sha256  of the whole file
    key     fingerprint of the pinned key that signed its header
    signed  when that key signed it, in seconds since 1970; 0 where a lock or a list describes it
    module  MODULE:STREAM that it was built for, by its header; "" for none, or where a lock or a list describes it
    """

    name: str
    evr: Evr
    arch: str
    file: str
    size: int
    sha256: str
    key: str
    source_rpm: str = ""
    signed: int = field(default=0, compare=False)
    module: str = field(default="", compare=False)

    @property
    def nevra(self) -> str:
        """name-[epoch:]version-release.arch, as people and yum say it."""
        return f"{self.name}-{self.evr}.{self.arch}"

    @property
    def filename(self) -> str:
        """The file name that its header calls for; epochs never stand in file names."""
        return f"{self.name}-{self.evr.version}-{self.evr.release}.{self.arch}.rpm"

    @property
    def is_source(self) -> bool:
        """Whether this is an SRPM."""
        return self.arch in SOURCE
