"""tasks"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.artifacts.tasks import memory
from smedoit.config.release import Release
from smedoit.engine.task import Task, group, step
from smedoit.iso.tasks import layouts
from smedoit.runtime.filesets import Files


def jigdo(rel: Release) -> Iterator[Task]:
    """.jigdo and .template of every ISO."""
    images = {"iso": rel.iso, "netinstall": rel.netinstall_iso, "source_iso": rel.source_iso}
    docs = {
        "iso": ".jigdo and .template of the installation ISO",
        "netinstall": ".jigdo and .template of the network install ISO",
        "source_iso": ".jigdo and .template of the source ISO",
    }
    yield group(rel, "jigdo", ".jigdo and .template of every ISO, for those who have most of its files")
    for name, path in images.items():
        yield {"name": name, "doc": docs[name], **jigdo_of(rel, name, path)}


def jigdo_of(rel: Release, maker: str, path: Path) -> Task:
    """.jigdo and .template of the ISOs that one task makes."""
    stem = f"{path.stem}*" if maker == "source_iso" else path.stem
    published = {rel.tree: rel.release.arch, rel.srpms: "SRPMS"}
    return step(
        rel,
        f"jigdo:{maker}",
        "jigdo.make.make",
        *(rel.release, rel.mirrors, path.parent, f"{stem}.iso", layouts(rel), published, memory(rel)),
        reads=[Files(layouts(rel), (f"{stem}.json",))],
        told={"[mirrors] urls": rel.mirrors.bases(rel.release)},
        writes=[Files(path.parent, (f"{stem}.jigdo", f"{stem}.template"))],
        after=[maker],
        wiki="Copy SME Server 10 64 bit Jigdo to mirror; Copy SME Server 10 SRPMS Jigdo to mirror",
    )
