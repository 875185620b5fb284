# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the media: installation ISO, network install ISO, source ISO."""

from __future__ import annotations

from pathlib import Path

from smedoit.bases.known import PLACES
from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import (
    EFI_IMAGE,
    GRUB_CFG,
    NETINSTALL_IMAGE,
    REPOVIEW,
    RPMS,
    below_repositories,
)
from smedoit.packages.tasks import layout_config
from smedoit.runtime.filesets import FileSet, matches_patterns
from smedoit.tree.tasks import branding_config, content_names, tree_source_files, tree_sources

OFF_MEDIUM = ("product/*", "updates/*", "netinstall/*", *below_repositories(PLACES, REPOVIEW), NETINSTALL_IMAGE)


def layout_directory(rel: Release) -> Path:
    """Return the directory of the layouts: which file lies where on each ISO."""
    return rel.layout(rel.iso).parent


def source_iso(rel: Release) -> Task:
    """The source ISO, or its discs where one is too small."""
    own = rel.state / "discs"
    keys = [key.file for key in rel.keys]
    beside = f"{rel.source_iso.stem}*.iso"

    def run() -> object:
        from smedoit.iso.build import IsoTarget
        from smedoit.iso.source_iso import SourceTree, write_source_iso

        return write_source_iso(
            identity=rel.release,
            settings=rel.sources,
            tree=SourceTree(lock=rel.sources_lock, srpms=rel.srpms, keys=keys, own=own),
            target=IsoTarget(rel.source_iso, layout_directory(rel), rel.fact_cache),
        )

    return Task(
        name="source_iso",
        run=run,
        inputs=[rel.sources_lock, *keys, FileSet(rel.srpms / "repodata")],
        config={
            **release_config(rel, "product", "version", "label", "date", "name", "short"),
            "[sources]": rel.sources,
        },
        outputs=[
            FileSet(rel.source_iso.parent, (beside, f"{beside}.sha256")),
            FileSet(layout_directory(rel), (f"{rel.source_iso.stem}*.json",)),
        ],
        after=["stage_sources", "source_repodata"],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def netinstall(rel: Release) -> Task:
    """The network install ISO, also as images/boot.iso of the tree."""
    identity, own, in_tree = rel.release, rel.stage / "netinstall", rel.tree / NETINSTALL_IMAGE
    volume, record = rel.netinstall.volume(identity), rel.layout(rel.netinstall_iso)

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.iso.build import IsoTarget
        from smedoit.iso.netinstall import NetinstallParts, write_netinstall_iso

        return write_netinstall_iso(
            branding=Branding(identity, rel.rules),
            settings=rel.netinstall,
            mirrors=rel.release_urls,
            parts=NetinstallParts(
                sources=tree_sources(rel), tree=rel.tree, own=own, in_tree=in_tree, names=rel.content.names
            ),
            target=IsoTarget(rel.netinstall_iso, layout_directory(rel), rel.fact_cache),
        )

    return Task(
        name="netinstall",
        run=run,
        inputs=[
            FileSet(rel.content.path / "netinstall"),
            *tree_source_files(rel, GRUB_CFG, EFI_IMAGE),
            FileSet(rel.tree, rel.release.built_on.netinstall_files),
        ],
        config={
            **branding_config(
                rel, "product", "aliases", "short", "version", "label", "arch", "date", "firmware", "base"
            ),
            **content_names(rel),
            "[netinstall] volume_id": volume,
            "[netinstall] url": rel.netinstall.url,
            "[release_urls] urls": rel.release_urls.urls,
        },
        outputs=[
            rel.netinstall_iso,
            rel.netinstall_iso.with_name(f"{rel.netinstall_iso.name}.sha256"),
            record,
            in_tree,
            FileSet(own),
        ],
        after=["tree", "check_boot_set", "isolinux", "grub", "product_img", "updates_img"],
        wiki="Create cdrom content",
    )


def on_medium(relative: str) -> bool:
    """Return whether a file of the tree goes on the medium."""
    return not matches_patterns(relative, OFF_MEDIUM)


def iso(rel: Release) -> Task:
    """The installation ISO, with the MD5 of the media check, and its SHA-256 beside it."""

    def run() -> object:
        from smedoit.iso.build import IsoTarget, write_installation_iso
        from smedoit.packages.lock import read_lock
        from smedoit.packages.places import medium_layout

        return write_installation_iso(
            identity=rel.release,
            tree_root=rel.tree,
            packages=medium_layout(rel).locate_packages(read_lock(rel.lock)),
            on_medium=on_medium,
            target=IsoTarget(rel.iso, layout_directory(rel), rel.fact_cache),
        )

    return Task(
        name="iso",
        run=run,
        inputs=[
            rel.lock,
            FileSet(rel.tree, exclude=(*OFF_MEDIUM, *below_repositories(rel.release.repository_places, RPMS))),
        ],
        config={
            **release_config(rel, "product", "version", "label", "volume_id", "date", "firmware", "base"),
            **layout_config(rel),
        },
        outputs=[rel.iso, rel.iso.with_name(f"{rel.iso.name}.sha256"), rel.layout(rel.iso)],
        after=[
            "stage_packages",
            "tree",
            "check_boot_set",
            "medium_keys",
            "isolinux",
            "grub",
            "comps",
            "repodata",
            "closure",
            "updates",
            "quality",
            "anaconda_version",
            "install_classes",
            "product_img",
            "updates_img",
            "treeinfo",
            "check_versions",
            "release_package",
            "stage_link",
        ],
        wiki="Build SME Server 10 64 bit ISO",
    )
