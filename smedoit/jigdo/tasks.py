# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of jigdo: .jigdo and .template of every ISO."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task
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
    for name, path in images.items():
        yield jigdo_task(rel, name, path, docs[name])


def jigdo_task(rel: Release, maker: str, path: Path, doc: str) -> Task:
    """.jigdo and .template of the ISOs that one task makes."""
    stem = f"{path.stem}*" if maker == "source_iso" else path.stem
    published = {rel.tree: rel.release.arch, rel.srpms: "SRPMS"}

    def run() -> object:
        from smedoit.jigdo.make import make_jigdo_files

        return make_jigdo_files(
            bases=rel.release_urls.needed(rel.release, "a .jigdo file must say where its files are"),
            images=path.parent,
            pattern=f"{stem}.iso",
            layouts=layout_directory(rel),
            published=published,
            fact_cache=rel.fact_cache,
        )

    return Task(
        name=f"jigdo:{maker}",
        run=run,
        inputs=[FileSet(layout_directory(rel), (f"{stem}.json",))],
        config={"[release_urls] urls": rel.release_urls.bases(rel.release)},
        outputs=[FileSet(path.parent, (f"{stem}.jigdo", f"{stem}.template"))],
        after=[maker],
        wiki="Copy SME Server 10 64 bit Jigdo to mirror; Copy SME Server 10 SRPMS Jigdo to mirror",
        doc=doc,
    )
