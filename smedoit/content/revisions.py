"""Which revision a working copy is at: asked of git, or read from what CVS left in its directories."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from smedoit.errors import SmeError
from smedoit.runtime import digests
from smedoit.runtime.files import EXPORTED, read_text, walk
from smedoit.runtime.process import run


def of(path: Path, within: Path) -> dict[str, Any]:
    """Return kind and revision of the working copy that path is, or lies in; nothing if it is none.

    within  no directory above this one counts: a checkout of smedoit itself says nothing of the content
    """
    if known := exported(path):
        return {**known["revision"], "source": known["source"], "changed": is_changed(path, known["files"])}
    for directory in (path, *path.parents):
        if (directory / ".git").exists():
            return git(directory)
        if directory == within or not directory.is_relative_to(within):
            break
    return cvs(path) if (path / "CVS/Entries").is_file() else {}


def exported(path: Path) -> dict[str, Any]:
    """Return source, revision and files (path -> SHA-256) of an export by doit content; nothing if it is none."""
    try:
        known = json.loads((path / EXPORTED).read_bytes())
        return {key: known[key] for key in ("source", "revision", "files")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def is_changed(path: Path, files: Mapping[str, str]) -> bool:
    """Return whether an export is not what it was any more."""
    there = [relative for relative, _ in walk(path)]
    return there != sorted(files) or any(digests.sha256(path / one) != digest for one, digest in files.items())


def git(directory: Path) -> dict[str, Any]:
    """Return the commit of a git checkout, and whether files in it differ; nothing where git cannot say."""
    try:
        commit = run(["git", "-C", directory, "rev-parse", "HEAD"]).strip()
        changed = run(["git", "-C", directory, "status", "--porcelain", "--untracked-files=no"]).strip()
    except SmeError:
        return {}
    return {"kind": "git", "commit": commit, "changed": bool(changed)}


def cvs(path: Path) -> dict[str, Any]:
    """Return repository, tag and the revision of every file of a CVS checkout."""
    found = {name: revision for directory in directories(path) for name, revision in entries(path, directory)}
    repository = read_text(path / "CVS/Repository").strip() if (path / "CVS/Repository").is_file() else ""
    tag = read_text(path / "CVS/Tag").strip()[1:] if (path / "CVS/Tag").is_file() else ""
    return {"kind": "cvs", "repository": repository, "tag": tag, "revisions": dict(sorted(found.items()))}


def directories(path: Path) -> Iterable[Path]:
    """Return the directories of a checkout that CVS knows, sorted."""
    return sorted(one.parent.parent for one in path.rglob("CVS/Entries"))


def entries(path: Path, directory: Path) -> Iterable[tuple[str, str]]:
    """Yield (path relative to the checkout, revision) of the files in one directory. Source: cvs manual, 2.3"""
    for line in read_text(directory / "CVS/Entries").splitlines():
        fields = line.split("/")
        if len(fields) > 2 and not fields[0]:
            yield (directory / fields[1]).relative_to(path).as_posix(), fields[2]
