# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are those of the practice world: written down before they are made, so that they can go again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from smedoit.errors import FileError
from smedoit.runtime import digests, files, foreign

NAME = ".smedoit-sample.json"  # in the build root
FORMAT = 1


def read_manifest(root: Path) -> dict[Path, str]:
    """Return the files of the practice world in a build root -> their SHA-256, "" where a kill came before it.

    Raises FileError for what is no such list.
    """
    file = root / NAME
    if not file.is_file():
        return {}
    try:
        said = foreign.parse_json(files.read_file_text(file))
        if said["format"] != FORMAT:
            raise ValueError(f"format {said['format']}")
        return {Path(os.path.normpath(root / path)): str(digest) for path, digest in said["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(
            f"{file}: is no list of a practice world, {foreign.describe_damage(error)}",
            hint="delete the build root if all in it is practice, or name another one in [paths] root",
        ) from None


def write_manifest(root: Path, listed: Mapping[Path, str]) -> None:
    """Write down the files of the practice world; those of the build root by their path in it."""
    said = {
        (path.relative_to(root).as_posix() if path.is_relative_to(root) else os.fspath(path)): digest
        for path, digest in sorted(listed.items())
    }
    files.write_file(root / NAME, json.dumps({"format": FORMAT, "files": said}, indent=1) + "\n")


def digest_files(paths: Iterable[Path]) -> dict[Path, str]:
    """Return path -> SHA-256 of files as they are now."""
    return {path: digests.sha256_file(path) for path in paths}


def remove_listed(listed: Mapping[Path, str], places: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Remove the listed files that nobody edited; return those that went, and those that stay.

    places  where files of a practice world may lie: what is listed elsewhere is nobody's word to believe
    """
    tops = [Path(os.path.normpath(place)) for place in places]
    gone: list[Path] = []
    kept: list[Path] = []
    for path, digest in sorted(listed.items()):
        if not path.is_file() or path.is_symlink():
            continue
        inside = any(path.is_relative_to(top) and path.resolve().is_relative_to(top.resolve()) for top in tops)
        if inside and digest in ("", digests.sha256_file(path)):
            files.remove_file(path)
            gone.append(path)
        else:
            kept.append(path)
    for directory in sorted({parent for path in gone for parent in path.parents}, reverse=True):
        if any(directory.is_relative_to(top) for top in tops) and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
    return gone, kept
