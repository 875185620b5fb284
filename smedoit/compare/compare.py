# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two releases, and say what differs; it ends as diff does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.compare import differences, places, sides
from smedoit.errors import ConfigError, DifferenceError
from smedoit.runtime import progress


def compare_releases(
    words: Sequence[str], started: Path, on_medium: Callable[[str], bool], as_json: bool = False
) -> str:
    """Show all that differs between two places.

    words    what was typed: two paths
    started  the directory that they are relative to

    Raises DifferenceError if anything differs; ConfigError, FileError, PackageError, VerifyError if they cannot be
    compared.
    """
    if len(words) != 2:
        raise ConfigError(
            "doit compare takes two places", hint="doit compare A B, each a packages.lock, a tree, or an ISO"
        )
    paths = [started / word for word in words]
    if not all(path.is_dir() for path in paths):  # what is no directory is of one tree, too
        paths = [places.find_release_tree(path) for path in paths]
    one, other = (sides.read_compared_side(path, on_medium) for path in paths)
    found = differences.compare_sides(one, other)
    if as_json:
        progress.show_json(differences.format_json_differences(one, other, found))
    else:
        for line in differences.format_differences(found):
            progress.show_line(line)
        if untold := differences.untold_parts(one, other):
            progress.show_line(untold)
    if found:
        raise DifferenceError(f"{words[0]} and {words[1]}: {differences.summarize_differences(found)}")
    return f"{words[0]} and {words[1]} are the same"
