# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of the tree: boot files and plain files, boot menus, .treeinfo."""

from __future__ import annotations

from pathlib import Path

from smedoit.bases.enterprise_linux import BIOS, UEFI, Base, Loader
from smedoit.config.release import Release
from smedoit.engine.task import Task, release_config
from smedoit.medium_paths import (
    COMPS,
    DISCINFO,
    EFI_IMAGE,
    GRUB_CFG,
    MEDIA_REPO,
    NETINSTALL_IMAGE,
    OVERLAYS,
    REPODATA,
    REPOMD,
    REPOVIEW,
    RPMS,
    TREEINFO,
    below_repositories,
)
from smedoit.runtime.filesets import FileSet, matches_patterns

IMAGES = (EFI_IMAGE, *OVERLAYS)
RENDERED = (GRUB_CFG, COMPS, *IMAGES, NETINSTALL_IMAGE)
ISOLINUX_FILES = "isolinux/*"
TREE_METADATA = (TREEINFO, DISCINFO, MEDIA_REPO)
MKISOFS_FILES = ("*TRANS.TBL", "*boot.cat")  # what mkisofs left in an upstream tree
CHECKSUMMED_FILES = ("images/pxeboot/*", "LiveOS/*")  # in .treeinfo, besides IMAGES and repomd.xml
SOURCES_ONLY = ("product/*", "updates/*", "netinstall/*", "Packages/*", "repodata/*", "repoview/*", "quality/*")
MADE_ELSEWHERE = (RPMS, f"{REPODATA}/*", REPOVIEW)  # in each repository of the tree, by tasks that own it


def tree_sources(rel: Release) -> tuple[Path, Path]:
    """Return where single files of the tree may come from: the content tree first, else the boot set."""
    return rel.content.path, rel.boot_set.path


def boot_set_task(rel: Release) -> list[str]:
    """Return the task that makes the boot set; none if it is put there by hand."""
    if rel.installer.mode == "lorax":
        return ["installer"]
    return ["boot_set"] if rel.boot_set.is_managed else []


def tree_source_files(rel: Release, *names: str) -> list[FileSet]:
    """Return files as inputs that may lie in the content tree or in the boot set."""
    return [FileSet(rel.content.path, names), FileSet(rel.boot_set.path, names)]


def branding_config(rel: Release, *keys: str) -> dict[str, object]:
    """Return the configuration of a task that renders texts of the content tree.

    keys  of [release] that the built-in rules need; a rule of release.toml may name any key, so with rules it is all
    """
    every = ("product", "aliases", "short", "name", "major", "version", "label", "arch", "date", "volume_id", "bug_url")
    return {**release_config(rel, *(every if rel.rules else keys)), "[[rules]]": rel.rules}


def content_names(rel: Release) -> dict[str, object]:
    """Return the configuration of a task that puts files of the content on a medium by their names."""
    return {"[content] names": rel.content.names} if rel.content.names else {}


def _unread_menus(base: Base) -> tuple[str, ...]:
    """Return the patterns of what isolinux reads, for a base that has no isolinux: a content tree may still have it."""
    return () if base.bios.loader is Loader.ISOLINUX else (ISOLINUX_FILES,)


def tree(rel: Release) -> Task:
    """Boot files, release notes and keys from their layers."""
    base, repositories = rel.release.built_on, rel.release.repository_places
    every, boot_files = (*base.bios.texts, *RENDERED), base.boot_files
    unused = (*base.unused_patterns(rel.release.firmware), *_unread_menus(base))
    own_places = below_repositories((place for place in repositories if place), "*")
    left_out = (*every, *unused, *MKISOFS_FILES, *SOURCES_ONLY, *own_places, *TREE_METADATA)
    absent = unused if base.comps else (*unused, COMPS)
    rendered = (name for name in every if not matches_patterns(name, absent))  # what is left of the others goes
    theirs = (*rendered, *TREE_METADATA, *below_repositories(repositories, *MADE_ELSEWHERE))
    keys = [key.file for key in rel.keys]

    def from_boot_set(relative: str) -> bool:
        return matches_patterns(relative, boot_files) and not matches_patterns(relative, left_out)

    def from_content(relative: str) -> bool:
        return not matches_patterns(relative, left_out)

    def owned(relative: str) -> bool:
        return not matches_patterns(relative, theirs)

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.tree.fill import TreeParts, fill_tree

        return fill_tree(
            sources=tree_sources(rel),
            pinned=rel.keys,
            branding=Branding(rel.release, rel.rules),
            parts=TreeParts(from_boot_set, from_content, owned, rel.content.names),
            target=rel.tree,
        )

    return Task(
        name="tree",
        run=run,
        inputs=[
            *keys,
            FileSet(rel.boot_set.path, boot_files, left_out),
            *([FileSet(rel.boot_set.path, (NETINSTALL_IMAGE,))] if base.mbr_image else []),
            FileSet(rel.content.path, exclude=left_out),
        ],
        config={
            **branding_config(rel),
            **release_config(rel, "firmware", "base", "repositories"),
            "[[keys]] fingerprint": sorted(key.fingerprint for key in rel.keys),
            **content_names(rel),
        },
        outputs=[FileSet(rel.tree, exclude=theirs)],
        after=boot_set_task(rel),
        wiki="Get CentOS last images content; Refresh cdrom content",
    )


def isolinux(rel: Release) -> Task:
    """The boot menu for BIOS."""
    names = rel.release.built_on.bios.texts if BIOS in rel.release.firmware else ()

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.tree.fill import write_bios_menu

        return write_bios_menu(sources=tree_sources(rel), branding=Branding(rel.release, rel.rules), target=rel.tree)

    return Task(
        name="isolinux",
        run=run,
        inputs=[*(tree_source_files(rel, *names) if names else [])],
        config=branding_config(rel, "product", "aliases", "version", "label", "volume_id", "firmware", "base"),
        outputs=[*([FileSet(rel.tree, names)] if names else [])],
        after=boot_set_task(rel),
        wiki="Bump version in the splash screen",
    )


def grub(rel: Release) -> Task:
    """The boot menu for UEFI."""
    names = (GRUB_CFG, EFI_IMAGE) if UEFI in rel.release.firmware else ()

    def run() -> object:
        from smedoit.branding.rules import Branding
        from smedoit.tree.fill import write_grub_cfg

        return write_grub_cfg(sources=tree_sources(rel), branding=Branding(rel.release, rel.rules), target=rel.tree)

    return Task(
        name="grub",
        run=run,
        inputs=[*(tree_source_files(rel, *names) if names else [])],
        config=branding_config(rel, "product", "aliases", "version", "label", "volume_id", "date", "firmware", "base"),
        outputs=[*[rel.tree / name for name in names]],
        after=boot_set_task(rel),
        wiki="Create cdrom content",
    )


def treeinfo(rel: Release) -> Task:
    """.treeinfo, .discinfo and media.repo."""
    images = IMAGES if UEFI in rel.release.firmware else OVERLAYS

    def run() -> object:
        from smedoit.tree.fill import write_treeinfo

        return write_treeinfo(identity=rel.release, target=rel.tree, fact_cache=rel.fact_cache)

    return Task(
        name="treeinfo",
        run=run,
        inputs=[
            *(rel.tree / name for name in (*images, *below_repositories(rel.release.repository_places, REPOMD))),
            FileSet(rel.tree, CHECKSUMMED_FILES),
        ],
        config=release_config(rel, "product", "short", "version", "label", "arch", "date", "base", "repositories"),
        outputs=[*[rel.tree / name for name in TREE_METADATA]],
        after=["tree"],
        wiki="Build SME Server 10 64 bit ISO",
    )
