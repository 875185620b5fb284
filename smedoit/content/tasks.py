"""What comes from outside: the boot set, and what people translate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, group, step
from smedoit.runtime.files import EXPORTED
from smedoit.runtime.filesets import Files


def content(rel: Release) -> Task:
    """Content and other source trees, from CVS, git or a directory."""
    exported = rel.exported
    task = step(
        rel,
        "content",
        "content.checkout.export",
        *(exported, rel.content.path, rel.cache / "checkouts", rel.network),
        told={f"[{one.name}] source": f"{one.source} in {one.path}" for one in exported},
        writes=[Files(one.path, only) for one in exported for only in (("*",), (EXPORTED,))],
        always=not (rel.content.source.is_set and all(one.source.is_pinned for one in exported)),
        wiki="CVS Folder structure; Refresh cdrom content",
    )
    return {**task, "clean": [(remove_exports, [[one.path for one in exported]])]}


def remove_exports(places: Iterable[Path]) -> None:
    """Remove what was exported, for doit clean; a working copy is not ours."""
    from smedoit.content import checkout
    from smedoit.runtime import files

    for place in places:
        if checkout.is_ours(place):
            files.remove_directory(place)


def mirror(rel: Release) -> Iterator[Task]:
    """Local copies of releases and upstream, a task each."""
    yield group(rel, "mirror", "local copies of releases and upstream, by rsync: what would disappear is counted first")
    for one in rel.mirror:
        name = f"mirror:{one.name}"
        task = step(
            rel,
            name,
            "content.mirror.bring",
            *(one, rel.network, rel.logs / f"{name}.rsync.log"),
            always=True,
            wiki="Local Only: Update local mirror as seen by the chroot",
        )
        yield {"name": one.name, "doc": f"{one.path}, as {one.source} has it", **task}
    if not rel.mirror:
        task = step(rel, "mirror:none", "content.mirror.refuse", always=True)
        yield {"name": "none", "doc": "what there is to say where release.toml has no [[mirror]]", **task}
