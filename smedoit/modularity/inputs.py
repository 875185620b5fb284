# SPDX-License-Identifier: GPL-3.0-or-later
"""Module metadata as inputs of tasks: it is imported at every start, so it imports nothing that only reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from smedoit.repodata.inputs import RepoSource
from smedoit.runtime.filesets import FileSet


@dataclass(frozen=True)
class ModuleSource(FileSet):
    """A source of [modules] as an input: a file, or the repodata of a repository."""

    arch: str = ""

    def paths(self) -> Iterator[str]:
        """Yield what stands for the source now."""
        repomd = RepoSource("", self.root, self.arch).repomd
        if self.root.is_file():
            yield str(self.root)
        elif repomd:
            yield from FileSet(repomd.parent).paths()


def module_inputs(places: Iterable[Path], arch: str) -> list[FileSet]:
    """Return the sources of [modules] as inputs of a task."""
    return [ModuleSource(place, arch=arch) for place in places]
