# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of files as one input or output of a task: all below a directory that some patterns mean."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.runtime import files

WILD = re.compile(r"[*?[]")


class PatternSet:
    """Patterns of relative paths, sorted once by their shape: thousands of paths are held against them at every start.

    * also spans slashes.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        starred = [
            pattern for pattern in patterns if pattern.count("*") == 1 and not WILD.search(pattern.replace("*", ""))
        ]
        pairs = [(head, tail) for head, _, tail in (pattern.partition("*") for pattern in starred)]
        self.names = {pattern for pattern in patterns if not WILD.search(pattern)}
        self.heads = tuple(head for head, tail in pairs if not tail)
        self.tails = tuple(tail for head, tail in pairs if tail and not head)
        self.pairs = [(head, tail) for head, tail in pairs if head and tail]
        self.others = [pattern for pattern in patterns if pattern not in self.names and pattern not in starred]
        self.everything = "*" in patterns
        self.starts = tuple(WILD.split(pattern, maxsplit=1)[0] for pattern in patterns)

    def match(self, relative: str) -> bool:
        """Return whether a path matches one of them."""
        if self.everything or relative in self.names:
            return True
        if relative.startswith(self.heads) or relative.endswith(self.tails):
            return True
        for head, tail in self.pairs:  # any() would take twice as long as all the rest
            if relative.startswith(head) and relative.endswith(tail) and len(relative) >= len(head) + len(tail):
                return True
        return bool(self.others) and any(fnmatchcase(relative, pattern) for pattern in self.others)

    def may_match_below(self, directory: str) -> bool:
        """Return whether a path below a directory, which ends with a slash, can match one of them."""
        return directory.startswith(self.starts) or any(start.startswith(directory) for start in self.starts)

    def match_all_below(self, directory: str) -> bool:
        """Return whether every path below a directory, which ends with a slash, surely matches one of them."""
        return directory.startswith(self.heads)


ready = functools.cache(PatternSet)


def matches_patterns(relative: str, patterns: tuple[str, ...]) -> bool:
    """Return whether a relative path matches one of the patterns; * also spans slashes."""
    return ready(patterns).match(relative)


@dataclass(frozen=True)
class FileSet:
    """All files below a directory.

    include  globs on the path relative to root; a file must match one of them
    exclude  globs of paths that are left out
    content  False where the stamp alone decides, because the task knows better than a digest
    pool     links to directories below it are followed, None if links are files like others
    """

    root: Path
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    content: bool = True
    pool: Path | None = None

    def paths(self) -> Iterator[str]:
        """Yield the path of every file that is there now; a missing directory holds none."""
        include, exclude = ready(self.include), ready(self.exclude)
        if len(include.names) == len(self.include):
            yield from filter(os.path.isfile, (os.path.join(self.root, name) for name in self.include))
            return
        try:
            found = list(
                files.scan_directory(os.fspath(self.root), enter=self.may_hold)
                if self.pool is None
                else files.walk_linked_files(self.root, self.pool)
            )
        except OSError:
            return
        for relative, entry in found:
            if include.match(relative) and not exclude.match(relative):
                yield entry.path

    def may_hold(self, directory: str) -> bool:
        """Return whether to look into a directory, whose path ends with a slash."""
        return ready(self.include).may_match_below(directory) and not ready(self.exclude).match_all_below(directory)
