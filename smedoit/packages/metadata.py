# SPDX-License-Identifier: GPL-3.0-or-later
"""comps.xml and repodata/ of the tree, from the lock."""

from __future__ import annotations

from pathlib import Path

from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.modules import ModulesSettings
from smedoit.config.packages import GroupsSettings
from smedoit.modularity import medium
from smedoit.modularity.sources import load_module_sources
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


def describe_modules(lock_file: Path, settings: ModulesSettings, identity: ReleaseIdentity) -> str:
    """Return the module metadata of the medium, for the packages of the lock; "" where [modules] enables no stream.

    It belongs into the repository that has the modular packages, the last one of the base. Raises PackageError.
    """
    if not settings.enabled:
        return ""
    metadata = load_module_sources(settings.sources, identity.arch)
    chosen = medium.choose_streams(metadata, settings.enabled, identity.built_on.platform)
    there = {pick.package.nevra for pick in read_lock(lock_file)}
    streams = medium.filter_streams(chosen.active, there)
    return medium.format_medium_modules(streams, medium.default_profiles(metadata), identity.date)


def write_tree_repodata(
    lock_file: Path, comps_file: Path, tree_root: Path, epoch: int, fact_cache: Path, modules: str = ""
) -> str:
    """Write repodata/ for the packages of the lock.

    modules  the module metadata of the medium, as describe_modules returns it
    """
    packages = [
        write.RepoPackage(
            pick.package, tree_root / "Packages" / pick.package.filename, f"Packages/{pick.package.filename}"
        )
        for pick in read_lock(lock_file)
    ]
    parsed = write.write_repodata(
        packages, write.RepoExtras(comps_file, modules), tree_root / "repodata", epoch, fact_cache
    )
    return f"{len(packages)} packages, {parsed} of them parsed now"
