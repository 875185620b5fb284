# SPDX-License-Identifier: GPL-3.0-or-later
"""Which revision a working copy is at: asked of git, or read from what CVS left in its directories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smedoit.errors import FileError, SmeError
from smedoit.runtime import digests, foreign
from smedoit.runtime.files import EXPORTED, read_file_bytes, read_file_text, walk_files
from smedoit.runtime.process import run_program

# A working copy comes with a configuration and hooks of its own: no program of these is run to ask it something.
GIT = (
    "git", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false",
    "-c", "protocol.ext.allow=never",
)  # fmt: skip


def checkout_revision(path: Path, within: Path) -> dict[str, Any]:
    """Return kind and revision of the working copy that path is, or lies in; nothing if it is none.

    within  no directory above this one counts: a checkout of smedoit itself says nothing of the content
    """
    if known := read_export_info(path):
        return {**known["revision"], "source": known["source"], "changed": _is_changed(path, known["files"])}
    for directory in (path, *path.parents):
        if (directory / ".git").exists():
            return _git_revision(directory)
        if directory == within or not directory.is_relative_to(within):
            break
    return read_cvs_checkout(path) if (path / "CVS/Entries").is_file() else {}


def read_export_info(path: Path) -> dict[str, Any]:
    """Return source, revision and files (path -> SHA-256) of an export by doit content; nothing if it is none."""
    try:
        known = foreign.parse_json(read_file_bytes(path / EXPORTED))
        exported = {str(path): str(digest) for path, digest in dict(known["files"]).items()}
        return {"source": str(known["source"]), "revision": dict(known["revision"]), "files": exported}
    except (FileError, ValueError, KeyError, TypeError):
        return {}


def _is_changed(path: Path, files: Mapping[str, str]) -> bool:
    """Return whether an export is not what it was any more."""
    there = [relative for relative, _ in walk_files(path)]
    return there != sorted(files) or any(digests.sha256_file(path / name) != digest for name, digest in files.items())


def _git_revision(directory: Path) -> dict[str, Any]:
    """Return the commit of a git checkout, and whether files in it differ; nothing where git cannot say."""
    try:
        commit = run_program([*GIT, "-C", directory, "rev-parse", "HEAD"]).strip()
        changed = run_program([*GIT, "-C", directory, "status", "--porcelain", "--untracked-files=no"]).strip()
    except SmeError:
        return {}
    return {"kind": "git", "commit": commit, "changed": bool(changed)}


def read_cvs_checkout(path: Path) -> dict[str, Any]:
    """Return repository, tag and the revision of every file of a CVS checkout."""
    found = {name: revision for directory in _cvs_directories(path) for name, revision in _cvs_entries(path, directory)}
    repository = read_file_text(path / "CVS/Repository").strip() if (path / "CVS/Repository").is_file() else ""
    tag = read_file_text(path / "CVS/Tag").strip()[1:] if (path / "CVS/Tag").is_file() else ""
    return {"kind": "cvs", "repository": repository, "tag": tag, "revisions": dict(sorted(found.items()))}


def _cvs_directories(path: Path) -> Iterable[Path]:
    """Return the directories of a checkout that CVS knows, sorted."""
    return sorted(entries_file.parent.parent for entries_file in path.rglob("CVS/Entries"))


def _cvs_entries(path: Path, directory: Path) -> Iterable[tuple[str, str]]:
    """Yield (path relative to the checkout, revision) of the files in one directory. Source: cvs manual, 2.3"""
    for line in read_file_text(directory / "CVS/Entries").splitlines():
        fields = line.split("/")
        if len(fields) > 2 and not fields[0]:
            yield (directory / fields[1]).relative_to(path).as_posix(), fields[2]
