# SPDX-License-Identifier: GPL-3.0-or-later
"""comps.xml and the repodata of every repository of the tree, from the lock."""

from __future__ import annotations

from pathlib import Path

from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.modules import ModulesSettings
from smedoit.config.packages import GroupsSettings
from smedoit.medium_paths import REPODATA
from smedoit.modularity import medium
from smedoit.modularity.sources import load_module_sources
from smedoit.packages.lock import read_lock
from smedoit.packages.places import MediumLayout
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
    lock_file: Path, extras: write.RepoExtras, tree_root: Path, layout: MediumLayout, epoch: int, fact_cache: Path
) -> str:
    """Write the repodata of every repository for the packages of the lock; return how many there are.

    extras  the first repository has the groups, for dnf and the installer take those of all together; the last has what
            describes the modules, as it has their packages
    """
    picks = read_lock(lock_file)
    parsed = 0
    for repository, there in layout.by_repository(picks).items():
        place = tree_root / repository
        packages = [
            write.RepoPackage(pick.package, place / layout.package_href(pick), layout.package_href(pick))
            for pick in there
        ]
        own = write.RepoExtras(
            extras.comps if repository == layout.repositories[0] else None,
            extras.modules if repository == layout.repositories[-1] else "",
        )
        parsed += write.write_repodata(packages, own, place / REPODATA, epoch, fact_cache)
    return f"{len(picks)} packages, {parsed} of them parsed now"
