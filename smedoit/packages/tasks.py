"""The packages of the medium and their sources: chosen, locked, staged, described."""

from __future__ import annotations

from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task, release_config
from smedoit.runtime.filesets import FileSet
from smedoit.tree.tasks import branded


def sources(rel: Release) -> Task:
    """sources.lock from packages.lock and the tiers."""
    return define_task(
        rel,
        "sources",
        "packages.sources.choose_sources",
        *(rel.lock, rel.tiers, rel.keys, rel.sources, rel.root, rel.cache / "sources.json", rel.sources_lock),
        file_dep=[rel.lock, *(key.file for key in rel.keys)],
        reads=[FileSet(tier.path, ("*src.rpm",), content=False) for tier in rel.tiers],
        told={"[[tiers]]": rel.tiers, "[[keys]]": rel.keys, "[sources] absent": rel.sources.absent},
        targets=[rel.sources_lock],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def stage_sources(rel: Release) -> Task:
    """SRPMS/ from sources.lock."""
    return define_task(
        rel,
        "stage_sources",
        "packages.sources.link_sources",
        *(rel.sources_lock, rel.root, rel.srpms),
        file_dep=[rel.sources_lock],
        writes=[FileSet(rel.srpms, ("*.rpm",), content=False)],
        wiki="Create release specific folder and link",
    )


def source_repodata(rel: Release) -> Task:
    """repodata/ of SRPMS/."""
    place = rel.srpms / "repodata"
    return define_task(
        rel,
        "source_repodata",
        "packages.sources.write_source_repodata",
        *(rel.sources_lock, rel.srpms, rel.release.epoch, rel.cache / "sources.sqlite"),
        file_dep=[rel.sources_lock],
        told=release_config(rel, "date"),
        writes=[FileSet(place)],
        targets=[place / "repomd.xml"],
        after=["stage_sources"],
        wiki="Create release specific folder and link",
    )


def packages(rel: Release) -> Task:
    """packages.lock from the tiers, or from an earlier lock."""
    content, memories = rel.content.path, rel.memories
    return define_task(
        rel,
        "packages",
        "packages.choose.choose_packages",
        *(rel.tiers, rel.keys, rel.packages, rel.exclusions, rel.release, rel.root, content, memories, rel.lock),
        file_dep=[*(key.file for key in rel.keys), *([Path(rel.packages.lock)] if rel.packages.lock else [])],
        reads=[FileSet(tier.path, ("*.rpm",), content=False) for tier in rel.tiers if tier.stage],
        told={
            "[[tiers]]": rel.tiers,
            "[[keys]]": rel.keys,
            "[packages]": rel.packages,
            "[retired]": rel.retired,
            "[excluded]": rel.excluded,
            **release_config(rel, "arch", "date"),
        },
        targets=[rel.lock],
        wiki="Local Only: update_repos; RPM dependencies",
    )


def stage_packages(rel: Release) -> Task:
    """Packages/ from the lock."""
    target = rel.tree / "Packages"
    return define_task(
        rel,
        "stage_packages",
        "packages.stage.link_packages",
        *(rel.lock, rel.root, target, rel.memories.digests),
        file_dep=[rel.lock],
        writes=[FileSet(target, ("*.rpm",), content=False)],
        wiki="Local Only: Create stage content",
    )


def medium_keys(rel: Release) -> Task:
    """The keys on the medium, tried on every package of it."""
    return define_task(
        rel,
        "medium_keys",
        "packages.stage.verify_medium_keys",
        *(rel.keys, rel.lock, rel.tree, rel.memories.census),
        file_dep=[rel.lock],
        reads=[FileSet(rel.tree, tuple(key.file.name for key in rel.keys))],
        told={"[[keys]]": rel.keys},
        after=["stage_packages", "tree"],
        wiki="Local Only: update_repos",
    )


def comps(rel: Release) -> Task:
    """comps.xml, held against the packages."""
    source, target = rel.groups.comps, rel.tree / "Packages/base/comps.xml"
    relative = source.relative_to(rel.content.path).as_posix()
    return define_task(
        rel,
        "comps",
        "packages.metadata.write_comps",
        *(relative, rel.rules, source, rel.lock, rel.groups, rel.release, target),
        file_dep=[source, rel.lock],
        told={**branded(rel, "product", "aliases", "version", "label"), "[groups] absent": rel.groups.absent},
        targets=[target],
        wiki="Create cdrom content",
    )


def repodata(rel: Release) -> Task:
    """repodata/ of the tree."""
    groups, memory = rel.tree / "Packages/base/comps.xml", rel.cache / "repodata.sqlite"
    return define_task(
        rel,
        "repodata",
        "packages.metadata.write_tree_repodata",
        *(rel.lock, groups, rel.tree, rel.release.epoch, memory),
        file_dep=[rel.lock, groups],
        told=release_config(rel, "date"),
        writes=[FileSet(rel.tree / "repodata")],
        targets=[rel.tree / "repodata/repomd.xml"],
        after=["stage_packages"],
        wiki="Local Only: update_repos",
    )
