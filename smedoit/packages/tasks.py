# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of packages: selected, locked, staged and described; the same for their sources."""

from __future__ import annotations

from pathlib import Path

from smedoit.config.release import Release
from smedoit.config.tiers import Tier
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import REPODATA, REPOMD, RPMS, below_repositories
from smedoit.modularity.inputs import module_inputs
from smedoit.runtime.filesets import FileSet
from smedoit.tree.tasks import branding_config


def tier_files(tier: Tier, pattern: str, place: str = ".") -> FileSet:
    """Return packages of a tier as an input, with those behind links to its pool; place is relative to the tier."""
    return FileSet(tier.path / place, (pattern,), content=False, pool=tier.link_root)


def layout_config(rel: Release) -> dict[str, object]:
    """Return the configuration of a task that asks in which repository of the medium a package lies."""
    named = {tier.name: tier.repository for tier in rel.tiers if tier.repository}
    return {**release_config(rel, "base", "repositories"), "[[tiers]] repository": named}


def repodata_files(rel: Release) -> list[Path | FileSet]:
    """Return the repodata of every repository of the tree, as inputs or outputs."""
    places = [rel.tree / place for place in rel.release.repository_places]
    return [*(place / REPOMD for place in places), *(FileSet(place / REPODATA) for place in places)]


def packages(rel: Release) -> Task:
    """packages.lock from the tiers, or from an earlier lock."""

    def run() -> object:
        from smedoit.packages.choose import SelectionRules, choose_packages
        from smedoit.packages.scan import PackageSources, believed_facts

        with believed_facts(rel.release.is_final, rel.fact_cache) as fact_cache:
            return choose_packages(
                sources=PackageSources(rel.tiers, rel.keys, rel.root, rel.content.path, rel.release.date),
                chosen_by=SelectionRules(rel.packages, rel.exclusions, rel.release, rel.modules),
                target=rel.lock,
                earlier_locks=rel.earlier_locks,
                fact_cache=fact_cache,
            )

    return Task(
        name="packages",
        run=run,
        inputs=[
            *(key.file for key in rel.keys),
            *([Path(rel.packages.lock)] if rel.packages.lock else []),
            *[tier_files(tier, "*.rpm") for tier in rel.tiers if tier.stage],
            *module_inputs(rel.modules.sources, rel.release.arch),
        ],
        config={
            "[[tiers]]": rel.tiers,
            "[[keys]]": rel.keys,
            "[packages]": rel.packages,
            "[retired]": rel.retired,
            "[excluded]": rel.excluded,
            "[release] final": rel.release.is_final,
            "[modules]": rel.modules,
            **release_config(rel, "arch", "date", "base", "repositories"),
        },
        outputs=[rel.lock],
        wiki="Local Only: update_repos; RPM dependencies",
    )


def stage_packages(rel: Release) -> Task:
    """The packages of every repository from the lock."""

    def run() -> object:
        from smedoit.packages.places import medium_layout
        from smedoit.packages.stage import link_packages

        return link_packages(
            lock_file=rel.lock, root=rel.root, target=rel.tree, layout=medium_layout(rel), fact_cache=rel.fact_cache
        )

    return Task(
        name="stage_packages",
        run=run,
        inputs=[rel.lock],
        config=layout_config(rel),
        outputs=[FileSet(rel.tree, below_repositories(rel.release.repository_places, RPMS), content=False)],
        wiki="Local Only: Create stage content",
    )


def medium_keys(rel: Release) -> Task:
    """Every package of the tree, verified with the keys of the tree."""

    def run() -> object:
        from smedoit.packages.places import medium_layout
        from smedoit.packages.stage import verify_medium_keys

        return verify_medium_keys(
            pinned=rel.keys,
            rpm=rel.release.built_on.rpm,
            lock_file=rel.lock,
            tree_root=rel.tree,
            layout=medium_layout(rel),
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="medium_keys",
        run=run,
        inputs=[rel.lock, FileSet(rel.tree, tuple(key.file.name for key in rel.keys))],
        config={"[[keys]]": rel.keys, **layout_config(rel)},
        after=["stage_packages", "tree"],
        wiki="Local Only: update_repos",
    )


def comps(rel: Release) -> Task:
    """comps.xml, rendered and checked against the packages."""
    source, target = rel.groups.comps, rel.comps
    relative = source.relative_to(rel.content.path).as_posix()

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.packages.metadata import write_comps

        return write_comps(
            branding=Branding(rel.release, rel.rules),
            content=rel.content.path,
            relative=relative,
            lock_file=rel.lock,
            groups=rel.groups,
            target=target,
        )

    return Task(
        name="comps",
        run=run,
        inputs=[source, rel.lock],
        config={
            **branding_config(rel, "product", "aliases", "version", "label"),
            **release_config(rel, "base"),
            "[groups] allow_missing": rel.groups.allow_missing,
        },
        outputs=[target],
        wiki="Create cdrom content",
    )


def repodata(rel: Release) -> Task:
    """repodata/ of every repository of the tree."""

    def run() -> object:
        from smedoit.packages.metadata import describe_modules, write_tree_repodata
        from smedoit.packages.places import medium_layout
        from smedoit.repodata.write import RepoExtras

        return write_tree_repodata(
            lock_file=rel.lock,
            extras=RepoExtras(rel.comps, describe_modules(rel.lock, rel.modules, rel.release)),
            tree_root=rel.tree,
            layout=medium_layout(rel),
            epoch=rel.release.epoch,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="repodata",
        run=run,
        inputs=[rel.lock, rel.comps, *module_inputs(rel.modules.sources, rel.release.arch)],
        config={"[modules]": rel.modules, **release_config(rel, "arch", "date"), **layout_config(rel)},
        outputs=repodata_files(rel),
        after=["stage_packages"],
        wiki="Local Only: update_repos",
    )


def sources(rel: Release) -> Task:
    """sources.lock from packages.lock and the tiers."""

    def run() -> object:
        from smedoit.packages.scan import PackageSources, believed_facts
        from smedoit.packages.sources import choose_sources

        with believed_facts(rel.release.is_final, rel.fact_cache) as fact_cache:
            return choose_sources(
                lock_file=rel.lock,
                sources=PackageSources(rel.tiers, rel.keys, rel.root, rel.content.path, rel.release.date),
                settings=rel.sources,
                target=rel.sources_lock,
                fact_cache=fact_cache,
            )

    return Task(
        name="sources",
        run=run,
        inputs=[
            rel.lock,
            *(key.file for key in rel.keys),
            *[tier_files(tier, "*src.rpm") for tier in rel.tiers],
        ],
        config={
            "[[tiers]]": rel.tiers,
            "[[keys]]": rel.keys,
            "[sources] allow_missing": rel.sources.allow_missing,
            **release_config(rel, "date"),
        },
        outputs=[rel.sources_lock],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def stage_sources(rel: Release) -> Task:
    """SRPMS/ from sources.lock."""

    def run() -> object:
        from smedoit.packages.places import SOURCES
        from smedoit.packages.stage import link_packages

        return link_packages(
            lock_file=rel.sources_lock, root=rel.root, target=rel.stage, layout=SOURCES, fact_cache=rel.fact_cache
        )

    return Task(
        name="stage_sources",
        run=run,
        inputs=[rel.sources_lock],
        outputs=[FileSet(rel.srpms, ("*.rpm",), content=False)],
        wiki="Create release specific folder and link",
    )


def source_repodata(rel: Release) -> Task:
    """repodata/ of SRPMS/."""
    place = rel.srpms / "repodata"

    def run() -> object:
        from smedoit.packages.metadata import write_tree_repodata
        from smedoit.packages.places import SOURCES
        from smedoit.repodata.write import NO_EXTRAS

        return write_tree_repodata(
            lock_file=rel.sources_lock,
            extras=NO_EXTRAS,
            tree_root=rel.stage,
            layout=SOURCES,
            epoch=rel.release.epoch,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name="source_repodata",
        run=run,
        inputs=[rel.sources_lock],
        config=release_config(rel, "date"),
        outputs=[place / "repomd.xml", FileSet(place)],
        after=["stage_sources"],
        wiki="Create release specific folder and link",
    )
