# SPDX-License-Identifier: GPL-3.0-or-later
"""Repositories as inputs of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smedoit.bases.known import PLACES
from smedoit.config.release import Release
from smedoit.errors import PackageError
from smedoit.medium_paths import REPOMD
from smedoit.runtime.files import walk_files, wrap_os_errors
from smedoit.runtime.filesets import FileSet

MEDIUM = "the medium"
PACKAGE_DIRECTORIES = ("Packages", "RPMS")  # their repodata lies beside them


@dataclass(frozen=True)
class RepoReader:
    """How repositories are read: for which architecture, and the cache that knows what their RPMs said."""

    arch: str
    fact_cache: Path


@dataclass(frozen=True)
class RepoSource:
    """A repository: a tier, a mirror, or the tree itself.

    name   for messages; of a tier, as in release.toml
    place  the directory of a tier or mirror; its repodata may lie in it, in place/ARCH, or beside it
    arch   the architecture that is read
    """

    name: str
    place: Path
    arch: str

    @property
    def repomd(self) -> Path | None:
        """Where its repodata begins, None if it has none. A tier's path may be its Packages/ or RPMS/."""
        places = [self.place, self.place / self.arch]
        if self.place.name in PACKAGE_DIRECTORIES:
            places.append(self.place.parent)
        return next((place / REPOMD for place in places if (place / REPOMD).is_file()), None)

    def rpms(self) -> list[Path]:
        """Return its RPM files, at any depth, sorted. Raises PackageError if there is no such directory."""
        with wrap_os_errors(self.place, "read"):
            try:
                return [Path(entry.path) for name, entry in walk_files(self.place) if name.endswith(".rpm")]
            except (FileNotFoundError, NotADirectoryError):
                raise PackageError(
                    f"{self.place}: {self.name} is not there", hint="correct its path in release.toml, or mirror it"
                ) from None


@dataclass(frozen=True)
class MediumMetadata:
    """The tree of the medium, and what describes its packages: the repositories, by one name, and the groups.

    platform  PLATFORM_ID of the base, by which dnf chooses module streams; "" without modules
    modules   where the metadata of all streams comes from, also of those that are not on the medium
    """

    tree: Path
    repositories: tuple[RepoSource, ...]
    comps: Path
    platform: str = ""
    modules: tuple[Path, ...] = ()


def medium_metadata(rel: Release) -> MediumMetadata:
    """Return what describes the packages of the tree."""
    identity = rel.release
    repositories = (RepoSource(MEDIUM, rel.tree / place, identity.arch) for place in identity.repository_places)
    return MediumMetadata(rel.tree, tuple(repositories), rel.comps, identity.built_on.platform, rel.modules.sources)


def find_installation_tree(place: Path, arch: str) -> Path | None:
    """Return the top of an installation tree that is at place or in place/ARCH, None if there is none."""
    tops = [place, place / arch, *([place.parent] if place.name in PACKAGE_DIRECTORIES else [])]
    return next((top for top in tops if any((top / below / REPOMD).is_file() for below in PLACES)), None)


def tree_repositories(name: str, top: Path, arch: str) -> list[RepoSource]:
    """Return the repositories of an installation tree, whatever its base: the one at its top, else those below."""
    found = [RepoSource(name, top / below, arch) for below in PLACES if (top / below / REPOMD).is_file()]
    return [source for source in found if source.place == top] or found


@dataclass(frozen=True)
class PackageList(RepoSource):
    """Packages that lie anywhere, looked at as if they were a repository."""

    files: tuple[Path, ...] = ()

    @property
    def repomd(self) -> Path | None:
        """None: nobody has described them."""
        return None

    def rpms(self) -> list[Path]:
        """Return the files, sorted."""
        return sorted(self.files)


@dataclass(frozen=True)
class RepositoryInput(FileSet):
    """A repository as an input: its repodata, which changes with everything in it; its RPMs if it has none."""

    arch: str = ""
    content: bool = False

    def paths(self) -> Iterator[str]:
        """Yield what stands for the repository now."""
        repomd = RepoSource("", self.root, self.arch).repomd
        yield from FileSet(repomd.parent).paths() if repomd else super().paths()


def repositories(rel: Release, *places: Path) -> list[FileSet]:
    """Return repositories as inputs."""
    return [RepositoryInput(place, ("*.rpm",), arch=rel.release.arch) for place in places]
