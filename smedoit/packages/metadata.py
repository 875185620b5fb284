# SPDX-License-Identifier: GPL-3.0-or-later
"""comps.xml and repodata/ of the tree, from the lock."""

from __future__ import annotations

from pathlib import Path

from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.packages import GroupsSettings
from smedoit.packages.lock import read_lock
from smedoit.repodata import comps, write
from smedoit.runtime.files import read_file_text, resolve_file_below, write_file


def write_comps(
    branding: Branding, content: Path, relative: str, lock_file: Path, groups: GroupsSettings, target: Path
) -> str:
    """Write comps.xml, rendered from a file of the content, after checking it against the packages of the lock."""
    source = resolve_file_below(content, relative)
    text = render_logged(branding, relative, read_file_text(source))
    names = {pick.package.name for pick in read_lock(lock_file)}
    checked = comps.check_comps(text, source, names, groups.allow_missing)
    write_file(target, text)
    idle = comps.idle_allowances(checked, names, groups.allow_missing)
    remarks = [f"[groups] allow_missing {pattern} excuses nothing: remove it from release.toml" for pattern in idle]
    said = f"{len(checked.groups)} groups, {len(checked.environments)} environments"
    return "\n  ".join([said, *remarks])


def write_tree_repodata(lock_file: Path, comps_file: Path, tree_root: Path, epoch: int, fact_cache: Path) -> str:
    """Write repodata/ for the packages of the lock."""
    packages = [
        write.RepoPackage(
            pick.package, tree_root / "Packages" / pick.package.filename, f"Packages/{pick.package.filename}"
        )
        for pick in read_lock(lock_file)
    ]
    parsed = write.write_repodata(packages, comps_file, tree_root / "repodata", epoch, fact_cache)
    return f"{len(packages)} packages, {parsed} of them parsed now"
