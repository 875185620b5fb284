# SPDX-License-Identifier: GPL-3.0-or-later
"""Content and other source trees, exported whole beside their place and then switched, or used where people work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.config.inputs import CheckoutSettings
from smedoit.config.network import NetworkSettings
from smedoit.content import export, revisions
from smedoit.content.export import changed_files
from smedoit.errors import ContentError, format_grouped
from smedoit.runtime import digests, files, progress


def export_checkouts(
    checkouts: Sequence[CheckoutSettings], content: Path, mirrors: Path, network: NetworkSettings
) -> str:
    """Make each checkout what its source says; return what that came to.

    content  the content tree, which is none of them if it has no source
    mirrors  where clones of git are kept between runs
    """
    said = [
        f"{checkout.name}: {_update_checkout(checkout, mirrors / f'{checkout.name}.git', network)}"
        for checkout in checkouts
    ]
    if content in (checkout.path for checkout in checkouts):
        return "; ".join(said)
    if export.is_working_copy(content):
        return "; ".join([*said, _describe_edits(content, network)])
    return "; ".join([*said, "[content] has only a path, so that directory is taken as it is"])


def _update_checkout(checkout: CheckoutSettings, mirror: Path, network: NetworkSettings) -> str:
    """Make one checkout what its source says; a working copy is left to those who work in it."""
    files.recover_directory(checkout.path)
    if export.is_working_copy(checkout.path):
        return _describe_edits(checkout.path, network)
    known, now = revisions.read_export_info(checkout.path), _tree_digests(checkout.path)
    if checkout.source.is_pinned and known.get("source") == str(checkout.source) and known.get("files") == now:
        return f"{len(now)} files, {_describe_revision(known['revision'])}, as they were exported"
    with files.replacing_directory(checkout.path) as incoming:
        revision = export.export_source(checkout.source, incoming, mirror, network)
        arrived = _check_export(checkout, incoming)
        _refuse_modified_files(checkout.path, known, now, arrived)
        said = {"source": str(checkout.source), "revision": revision, "files": arrived}
        files.write_file(incoming / files.EXPORTED, json.dumps(said, indent=1, sort_keys=True) + "\n")
    changed = changed_files(now, arrived)
    for path in changed:
        progress.log_line(f"{checkout.name}: {path}: {_describe_change(path, now, arrived)}")
    return f"{len(arrived)} files, {_describe_revision(revision)}, {len(changed)} of them new, changed or gone"


def _describe_edits(path: Path, network: NetworkSettings) -> str:
    """Say what was changed in a working copy, which is used as it is."""
    found = export.local_edits(path, network)
    for edit in found:
        progress.show_line(f"{path}: {edit}")
    changed = f"{len(found)} local edits" if found else "no local edits"
    revision = _describe_revision(revisions.checkout_revision(path, path))
    return f"the working copy {path} is used as it is, {revision}, {changed}"


def _tree_digests(path: Path) -> dict[str, str]:
    """Return path -> SHA-256 of every file of a tree, if it is there; links count by where they lead."""
    if not path.is_dir():
        return {}
    with files.wrap_os_errors(path, "read"):
        return {
            relative: digests.sha256_file(files.resolve_file_below(path, relative))
            for relative, _ in files.walk_files(path)
        }


def _check_export(checkout: CheckoutSettings, incoming: Path) -> dict[str, str]:
    """Return the digests of what arrived. Raises ContentError if it is nothing, FileError for links that lead out."""
    found = _tree_digests(incoming)
    if not found:
        raise ContentError(f"{checkout.source}: is empty", hint=f"correct it in release.toml; {export.KEPT}")
    return found


def _refuse_modified_files(
    path: Path, known: Mapping[str, Any], now: Mapping[str, str], arrived: Mapping[str, str]
) -> None:
    """Raise ContentError for a directory with files that we did not export, or that were modified since."""
    ours = known.get("files", {})
    overwritten = [name for name in changed_files(ours, now) if name in now and now[name] != arrived.get(name)]
    if overwritten:
        kind = "changed since doit content exported them" if ours else "not made by doit content"
        raise ContentError(
            f"{path}: an export would overwrite files\n{format_grouped({kind: overwritten})}",
            hint="commit them to the repository or move them away, then run doit content",
        )


def _describe_change(path: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what became of a file."""
    if path not in before:
        return "new"
    return "changed" if path in now else "gone"


def _describe_revision(revision: Mapping[str, Any]) -> str:
    """Return a revision as people read it."""
    if revision.get("kind") == "git":
        return f"commit {revision['commit'][:12]}"
    if revision.get("kind") == "cvs":
        at = f" at {revision['tag']}" if revision["tag"] else ""
        return f"{len(revision['revisions'])} revisions of CVS{at}"
    return "without a revision"
