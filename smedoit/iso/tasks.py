"""The media: the installation ISO, the network install ISO, the source ISO."""

from __future__ import annotations

from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task, release_config
from smedoit.iso.netinstall import FROM_TREE
from smedoit.runtime.filesets import FileSet, matches_patterns
from smedoit.tree.tasks import GRUB_TEXT, NETINSTALL, branded, either
from smedoit.tree.tasks import sources as origins


def layout_directory(rel: Release) -> Path:
    """Return where it is kept what lies where on a finished medium."""
    return rel.layout(rel.iso).parent


def source_iso(rel: Release) -> Task:
    """The source ISO, or the discs of it."""
    memories = rel.cache / "discs.sqlite", rel.memories.digests
    own = rel.state / "discs"
    keys = [key.file for key in rel.keys]
    beside = f"{rel.source_iso.stem}*.iso"
    return define_task(
        rel,
        "source_iso",
        "iso.source_iso.write_source_iso",
        *(
            rel.release,
            rel.sources,
            rel.sources_lock,
            rel.srpms,
            keys,
            own,
            rel.source_iso,
            memories,
            layout_directory(rel),
        ),
        file_dep=[rel.sources_lock, *keys],
        reads=[FileSet(rel.srpms / "repodata")],
        told={**release_config(rel, "product", "version", "label", "date", "name", "short"), "[sources]": rel.sources},
        writes=[
            FileSet(rel.source_iso.parent, (beside, f"{beside}.sha256")),
            FileSet(layout_directory(rel), (f"{rel.source_iso.stem}*.json",)),
        ],
        after=["stage_sources", "source_repodata"],
        wiki="Copy SME Server 10 SRPMS Jigdo to mirror",
    )


def netinstall(rel: Release) -> Task:
    """The network install ISO, also as images/boot.iso of the tree."""
    identity, own, in_tree = rel.release, rel.stage / "netinstall", rel.tree / NETINSTALL
    volume, record = rel.netinstall.volume(identity), rel.layout(rel.netinstall_iso)
    return define_task(
        rel,
        "netinstall",
        "iso.netinstall.write_netinstall_iso",
        *(identity, rel.netinstall, rel.mirrors, rel.rules, origins(rel), rel.tree, own, rel.netinstall_iso),
        *(rel.memories.digests, record, in_tree),
        reads=[
            FileSet(rel.content.path / "netinstall"),
            *either(rel, *GRUB_TEXT, "images/efiboot.img"),
            FileSet(rel.tree, FROM_TREE),
        ],
        told={
            **branded(rel, "product", "aliases", "version", "label", "date"),
            "[netinstall] volume_id": volume,
            "[netinstall] url": rel.netinstall.url,
            "[mirrors] urls": rel.mirrors.urls,
        },
        targets=[
            rel.netinstall_iso,
            rel.netinstall_iso.with_name(f"{rel.netinstall_iso.name}.sha256"),
            record,
            in_tree,
        ],
        writes=[FileSet(own)],
        after=["tree", "isolinux", "grub", "product_img", "updates_img"],
        wiki="Create cdrom content",
    )


OFF_MEDIUM = ("product/*", "updates/*", "netinstall/*", "repoview/*", NETINSTALL)


def on_medium(relative: str) -> bool:
    """Return whether a file of the tree goes on the medium."""
    return not matches_patterns(relative, OFF_MEDIUM)


def iso(rel: Release) -> Task:
    """The sealed ISO."""

    return define_task(
        rel,
        "iso",
        "iso.build.write_installation_iso",
        *(rel.release, rel.tree, on_medium, rel.iso, rel.memories.digests, rel.layout(rel.iso)),
        file_dep=[rel.lock],
        reads=[FileSet(rel.tree, apart=(*OFF_MEDIUM, "Packages/*.rpm"))],
        told=release_config(rel, "product", "version", "label", "volume_id", "date"),
        targets=[rel.iso, rel.iso.with_name(f"{rel.iso.name}.sha256"), rel.layout(rel.iso)],
        after=[
            "stage_packages",
            "tree",
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
