"""Content and other source trees, exported whole beside their place and then switched, or used where people work."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.config.inputs import Checkout
from smedoit.config.network import Network
from smedoit.content import revisions
from smedoit.content.edits import altered
from smedoit.content.export import KEPT, is_working_copy, local_edits, take
from smedoit.errors import ContentError, grouped
from smedoit.runtime import files, progress
from smedoit.runtime.digests import sha256


def export(checkouts: Sequence[Checkout], content: Path, mirrors: Path, network: Network) -> str:
    """Make each checkout what its source says; return what that came to.

    content  the content tree, which is none of them if it has no source
    mirrors  where clones of git are kept between runs
    """
    said = [f"{one.name}: {brought(one, mirrors / f'{one.name}.git', network)}" for one in checkouts]
    if content in (one.path for one in checkouts):
        return "; ".join(said)
    if is_working_copy(content):
        return "; ".join([*said, edits(content, network)])
    return "; ".join([*said, "[content] has only a path, so that directory is taken as it is"])


def brought(one: Checkout, mirror: Path, network: Network) -> str:
    """Make one checkout what its source says; a working copy is left to those who work in it."""
    incoming, old = beside(one.path, "incoming"), beside(one.path, "old")
    recover(one.path, old)
    if is_working_copy(one.path):
        return edits(one.path, network)
    known, now = revisions.exported(one.path), digests(one.path)
    if one.source.is_pinned and known.get("source") == str(one.source) and known.get("files") == now:
        return f"{len(now)} files, {words(known['revision'])}, as they were exported"
    files.remove_directory(incoming)
    revision = take(one.source, incoming, mirror, network)
    arrived = checked(one, incoming)
    refuse_strangers(one.path, known, now, arrived)
    said = {"source": str(one.source), "revision": revision, "files": arrived}
    files.write(incoming / files.EXPORTED, json.dumps(said, indent=1, sort_keys=True) + "\n")
    switch(one.path, incoming, old)
    changed = altered(now, arrived)
    for path in changed:
        progress.note(f"{one.name}: {path}: {change(path, now, arrived)}")
    return f"{len(arrived)} files, {words(revision)}, {len(changed)} of them new, changed or gone"


def beside(path: Path, what: str) -> Path:
    """Return the directory beside path that serves while it is exported."""
    return path.with_name(f".{path.name}.{what}")


def recover(path: Path, old: Path) -> None:
    """Put an old export back that a killed run had moved away, or remove it if its successor is in place."""
    if not old.exists():
        return
    if path.exists():
        files.remove_directory(old)
    else:
        files.move(old, path)


def edits(path: Path, network: Network) -> str:
    """Say what was changed in a working copy, which is used as it is."""
    found = local_edits(path, network)
    for one in found:
        progress.say(f"{path}: {one}")
    changed = f"{len(found)} local edits" if found else "no local edits"
    return f"the working copy {path} is used as it is, {words(revisions.of(path, path))}, {changed}"


def digests(path: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file of a tree, if it is there; links count by where they lead."""
    if not path.is_dir():
        return {}
    with files.worded(path, "read"):
        return {relative: sha256(files.real_file(path, relative)) for relative, _ in files.walk(path)}


def checked(one: Checkout, incoming: Path) -> dict[str, str]:
    """Return the digests of what arrived. Raises ContentError if it is nothing, TreeError for links that lead out."""
    found = digests(incoming)
    if not found:
        raise ContentError(f"{one.source}: is empty", hint=f"correct it in release.toml; {KEPT}")
    return found


def refuse_strangers(path: Path, known: Mapping[str, Any], now: Mapping[str, str], arrived: Mapping[str, str]) -> None:
    """Raise ContentError for a directory with files that we did not export, or that somebody changed since."""
    ours = known.get("files", {})
    strangers = [one for one in altered(ours, now) if one in now and now[one] != arrived.get(one)]
    if strangers:
        kind = "changed since doit content exported them" if ours else "not made by doit content"
        raise ContentError(
            f"{path}: an export would overwrite files\n{grouped({kind: strangers})}",
            hint="commit them to the repository, or move them away; then run doit content",
        )


def switch(path: Path, incoming: Path, old: Path) -> None:
    """Put incoming into the place of path; a run that is killed between is mended by the next one."""
    if path.exists():
        files.move(path, old)
    files.move(incoming, path)
    files.sync_directories([path.parent])
    files.remove_directory(old)


def change(path: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what became of a file."""
    if path not in before:
        return "new"
    return "changed" if path in now else "gone"


def words(revision: Mapping[str, Any]) -> str:
    """Return a revision as people read it."""
    if revision.get("kind") == "git":
        return f"commit {revision['commit'][:12]}"
    if revision.get("kind") == "cvs":
        at = f" at {revision['tag']}" if revision["tag"] else ""
        return f"{len(revision['revisions'])} revisions of CVS{at}"
    return "without a revision"


def is_ours(path: Path) -> bool:
    """Return whether a directory is an export, which doit clean may remove."""
    return os.path.isfile(path / files.EXPORTED) and not is_working_copy(path)
