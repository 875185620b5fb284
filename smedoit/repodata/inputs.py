"""Repositories as inputs of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smedoit.config.release import Release
from smedoit.runtime.filesets import FileSet


@dataclass(frozen=True)
class RepositoryInput(FileSet):
    """A repository as an input: its repodata, which changes with everything in it; its RPMs if it has none."""

    arch: str = ""
    content: bool = False

    def paths(self) -> Iterator[str]:
        """Yield what stands for the repository now."""
        from smedoit.repodata.read import RepoSource

        repomd = RepoSource("", self.root, self.arch).repomd
        yield from FileSet(repomd.parent).paths() if repomd else super().paths()


def repositories(rel: Release, *places: Path) -> list[FileSet]:
    """Return repositories as inputs."""
    return [RepositoryInput(place, ("*.rpm",), arch=rel.release.arch) for place in places]
