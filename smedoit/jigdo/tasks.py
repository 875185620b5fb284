""".jigdo and .template of every ISO."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task, group_task
from smedoit.iso.tasks import layout_directory
from smedoit.runtime.filesets import FileSet


def jigdo(rel: Release) -> Iterator[Task]:
    """.jigdo and .template of every ISO."""
    images = {"iso": rel.iso, "netinstall": rel.netinstall_iso, "source_iso": rel.source_iso}
    docs = {
        "iso": ".jigdo and .template of the installation ISO",
        "netinstall": ".jigdo and .template of the network install ISO",
        "source_iso": ".jigdo and .template of the source ISO",
    }
    yield group_task(rel, "jigdo", ".jigdo and .template of every ISO, for those who have most of its files")
    for name, path in images.items():
        yield {"name": name, "doc": docs[name], **jigdo_task(rel, name, path)}


def jigdo_task(rel: Release, maker: str, path: Path) -> Task:
    """.jigdo and .template of the ISOs that one task makes."""
    stem = f"{path.stem}*" if maker == "source_iso" else path.stem
    published = {rel.tree: rel.release.arch, rel.srpms: "SRPMS"}
    return define_task(
        rel,
        f"jigdo:{maker}",
        "jigdo.make.make_jigdo_files",
        *(rel.release, rel.mirrors, path.parent, f"{stem}.iso", layout_directory(rel), published, rel.memories.digests),
        reads=[FileSet(layout_directory(rel), (f"{stem}.json",))],
        told={"[mirrors] urls": rel.mirrors.bases(rel.release)},
        writes=[FileSet(path.parent, (f"{stem}.jigdo", f"{stem}.template"))],
        after=[maker],
        wiki="Copy SME Server 10 64 bit Jigdo to mirror; Copy SME Server 10 SRPMS Jigdo to mirror",
    )
