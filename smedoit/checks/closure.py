# SPDX-License-Identifier: GPL-3.0-or-later
"""Closure: the packages of a medium need nothing from elsewhere, by its metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smedoit.checks import installer_packages, module_filter, solver, unmet
from smedoit.checks.result import CheckResult, report_check
from smedoit.checks.unmet import Provider
from smedoit.config.checks import ClosureSettings
from smedoit.config.identity import ReleaseIdentity
from smedoit.config.tiers import Tier
from smedoit.errors import PackageError, format_count
from smedoit.repodata import comps, read, requirements
from smedoit.repodata.inputs import MEDIUM, MediumMetadata, RepoReader, RepoSource
from smedoit.repodata.solver import UnmetDependency
from smedoit.runtime import progress
from smedoit.runtime.files import read_file_text

LEFT_OUT = "which was left out: doit why_package {name}"
NO_TIER = "which no promotion reaches: add that mirror to [[tiers]] with mirror = true"
DEAD_END = "and nothing is promoted from there: say promote_to for that tier in release.toml"
Places = Sequence[tuple[str, Path]]
PRIMARY, WITH_FILES = ("primary",), ("primary", "filelists")


def check_closure(
    medium: MediumMetadata,
    identity: ReleaseIdentity,
    settings: ClosureSettings,
    tiers: Sequence[Tier],
    mirrors: Places,
    reader: RepoReader,
) -> Mapping[str, str]:
    """Check that the packages of the tree need nothing from elsewhere, and that what comps offers can be installed.

    identity        on whose base and firmware depends what the installer adds
    tiers, mirrors  where that may be which is missing

    Raises CheckError for unmet dependencies, in a test release, too: an installation would stop there.
    """
    base, weak = identity.built_on.added, identity.built_on.weak
    arch, fact_cache = reader.arch, reader.fact_cache
    installs = comps.list_install_sets(read_file_text(medium.comps), medium.comps)
    pool = load_closure_pool(medium.repositories, arch, fact_cache)
    modules = module_filter.medium_modules(medium)
    hidden = module_filter.hide_by_medium(pool, modules, medium.platform)
    known = installer_packages.packages_added(settings, base, arch, identity.firmware)
    absent = solver.absent_names(pool, {**known, **base.sometimes})
    added = installer_packages.judge_added_packages(known, base.sometimes, settings.allow_missing, absent)
    lacking = solver.find_unmet(pool, installs, added.required, weak)
    if medium.platform:
        lacking += module_filter.explain_metadata_faults(modules, medium.platform)
        lacking += module_filter.find_modular_faults(pool, modules, hidden)
    found = unmet.apply_waivers(lacking, settings.waivers)
    details = ""
    if found.unwaived:
        sources = {RepoSource(tier.name, tier.path, arch): _promotion_obstacle(tier, tiers) for tier in tiers}
        sources |= {RepoSource(name, place, arch): NO_TIER for name, place in mirrors}
        searched = load_closure_pool(medium.repositories, arch, fact_cache) if hidden else pool  # hiding is for good
        details = unmet.format_unmet(found.unwaived, _providers_of_unmet(searched, found.unwaived, sources, fact_cache))
    packages = format_count(sum(1 for _ in requirements.installable_packages(pool)), "package")
    result = CheckResult(
        name="closure",
        summary=format_count(len(found.unwaived), "unmet dependency", "unmet dependencies")
        if found.unwaived
        else f"dependencies of {packages} met, {format_count(len(installs), 'install set')} resolve",
        failures=tuple(map(str, found.unwaived)),
        fix="promote what is missing, or waive it with a reason in [[closure.waivers]] of release.toml;"
        " what the installer adds by itself, in [closure] allow_missing",
        waivers=tuple((str(dependency), waiver.reason) for dependency, waiver in found.waived),
        unused=(
            *(f"[[closure.waivers]] {waiver}" for waiver in found.unused),
            *(f"[closure] allow_missing {pattern}" for pattern in added.unused),
        ),
        notes=(*added.notes, *(solver.find_left_out(pool, installs, added.required) if weak else ())),
        details=details,
    )
    return report_check(result, blocks=True)


def load_closure_pool(sources: Sequence[RepoSource], arch: str, fact_cache: Path) -> Any:
    """Return a pool of sources, with their file lists if any relation in them may be about these."""
    pool = load_pool(sources, PRIMARY, arch, fact_cache)
    return load_pool(sources, WITH_FILES, arch, fact_cache) if requirements.needs_filelists(pool) else pool


def load_pool(sources: Sequence[RepoSource], kinds: Sequence[str], arch: str, fact_cache: Path) -> Any:
    """Return a pool of sources; those of one name are one repository in it."""
    pool = read.create_solver_pool(arch, {})
    for source in sources:
        with read.plain_metadata(source, kinds, fact_cache) as files:
            read.load_repositories(pool, {source.name: files})
    return pool


def _promotion_obstacle(tier: Tier, tiers: Sequence[Tier]) -> str:
    """Return why no promotion leads from a tier to the medium, "" if one does."""
    from smedoit.tiers import route

    return LEFT_OUT if tier.stage else "" if route.promotion_targets(tier, tiers) else DEAD_END


def _providers_of_unmet(
    pool: Any, dependencies: Sequence[UnmetDependency], sources: Mapping[RepoSource, str], fact_cache: Path
) -> Mapping[str, list[Provider]]:
    """Return requirement -> who provides it elsewhere; a source that cannot be read is noted in the log.

    sources  each with the obstacle to a promotion from it
    """
    wanted = {dependency.requirement for dependency in dependencies if dependency.requirement}
    kinds = WITH_FILES if any("/" in requirement for requirement in wanted) else PRIMARY
    for source in sources if wanted else ():
        try:
            with read.plain_metadata(source, kinds, fact_cache) as files:
                read.load_repositories(pool, {source.name: files})
        except PackageError as error:
            progress.log_line(f"{source.name} is not searched: {error}")
    return (
        solver.find_providers(pool, MEDIUM, {source.name: obstacle for source, obstacle in sources.items()}, wanted)
        if wanted
        else {}
    )
