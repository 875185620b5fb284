# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules do to the packages of a medium, and to those of the mirrors behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smedoit.modularity.activation import default_streams, find_active, find_metadata_faults
from smedoit.modularity.documents import ModuleMetadata
from smedoit.modularity.medium import MODULAR
from smedoit.modularity.sources import load_module_sources, read_repository_modules
from smedoit.repodata.hiding import find_hidden_packages, hide_packages
from smedoit.repodata.inputs import MediumMetadata, RepoSource
from smedoit.repodata.solver import UnmetDependency


def medium_modules(medium: MediumMetadata) -> ModuleMetadata:
    """Return the module metadata of all repositories of a medium; none where dnf knows no modules."""
    return merge_modules(ModuleMetadata(), medium.repositories) if medium.platform else ModuleMetadata()


def merge_modules(known: ModuleMetadata, sources: Iterable[RepoSource]) -> ModuleMetadata:
    """Return module metadata with that of further repositories."""
    for source in sources:
        known = known.merged(read_repository_modules(source) or ModuleMetadata())
    return known


def find_modular_faults(pool: Any, modules: ModuleMetadata, hidden: Mapping[int, str]) -> list[UnmetDependency]:
    """Return the packages of a medium that dnf hides, and those that it takes for plain ones although they are not."""
    known = {nevra for stream in modules.streams for nevra in stream.artifacts}
    found = []
    for solvable in pool.solvables_iter():
        nevra = str(solvable)
        if why := hidden.get(solvable.id):
            found.append(UnmetDependency(nevra, solvable.name, problem=f"dnf hides it, for {why}"))
        elif MODULAR in solvable.evr and nevra not in known:
            why = "no stream on the medium has it, so dnf takes it for a plain package: name its stream in [modules]"
            found.append(UnmetDependency(nevra, solvable.name, problem=f"it was built for a module, and {why}"))
    return found


def explain_metadata_faults(modules: ModuleMetadata, platform: str) -> list[UnmetDependency]:
    """Return what is wrong with the module metadata of a medium as what keeps it from being installed."""
    return [UnmetDependency("", "modules", problem=fault) for fault in find_metadata_faults(modules, platform)]


def hide_by_medium(pool: Any, modules: ModuleMetadata, platform: str) -> dict[int, str]:
    """Hide what dnf hides while it installs from a medium alone; return id -> why."""
    if not platform:
        return {}
    chosen = find_active(modules, {}, platform)
    hidden = find_hidden_packages(pool, chosen.shown, chosen.hidden)
    hide_packages(pool, hidden)
    return hidden


def hide_after_installation(pool: Any, medium: MediumMetadata, sources: Iterable[RepoSource]) -> None:
    """Hide what dnf hides of the mirrors on a system that was installed from a medium, whose streams are enabled there.

    Of the medium, what could not be installed is hidden. What [modules] sources say counts as well: a mirror may lie
    here without its repodata. Raises PackageError.
    """
    if not medium.platform:
        return
    own = medium_modules(medium)
    chosen, name = find_active(own, {}, medium.platform), medium.repositories[0].name
    hidden = find_hidden_packages(pool, chosen.shown, chosen.hidden)
    absent = {solvable.id for solvable in pool.solvables_iter() if solvable.repo.name == name and solvable.id in hidden}
    known = own.merged(load_module_sources(medium.modules, medium.repositories[0].arch))
    behind = find_active(merge_modules(known, sources), default_streams(own), medium.platform)
    hide_packages(pool, {*absent, *find_hidden_packages(pool, behind.shown, behind.hidden, exempt=(name,))})
