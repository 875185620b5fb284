"""What comes from outside: the boot set, and what people translate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task, group_task
from smedoit.runtime.files import EXPORTED
from smedoit.runtime.filesets import FileSet


def content(rel: Release) -> Task:
    """Content and other source trees, from CVS, git or a directory."""
    exported = rel.exported
    task = define_task(
        rel,
        "content",
        "content.checkout.export_checkouts",
        *(exported, rel.content.path, rel.cache / "checkouts", rel.network),
        told={f"[{checkout.name}] source": f"{checkout.source} in {checkout.path}" for checkout in exported},
        writes=[FileSet(checkout.path, only) for checkout in exported for only in (("*",), (EXPORTED,))],
        always=not (rel.content.source.is_set and all(checkout.source.is_pinned for checkout in exported)),
        wiki="CVS Folder structure; Refresh cdrom content",
    )
    return {**task, "clean": [(remove_exports, [[checkout.path for checkout in exported]])]}


def remove_exports(places: Iterable[Path]) -> None:
    """Remove what was exported, for doit clean; a working copy is not ours."""
    from smedoit.content.checkout import is_exported_directory
    from smedoit.runtime import files

    for place in places:
        if is_exported_directory(place):
            files.remove_directory(place)


def mirror(rel: Release) -> Iterator[Task]:
    """Local copies of releases and upstream, a task each."""
    yield group_task(
        rel, "mirror", "local copies of releases and upstream, by rsync: what would disappear is counted first"
    )
    for rsync_mirror in rel.mirror:
        name = f"mirror:{rsync_mirror.name}"
        task = define_task(
            rel,
            name,
            "content.mirror.sync_rsync_mirror",
            *(rsync_mirror, rel.network, rel.logs / f"{name}.rsync.log"),
            always=True,
            wiki="Local Only: Update local mirror as seen by the chroot",
        )
        yield {"name": rsync_mirror.name, "doc": f"{rsync_mirror.path}, as {rsync_mirror.source} has it", **task}
    if not rel.mirror:
        task = define_task(rel, "mirror:none", "content.mirror.report_no_mirrors", always=True)
        yield {"name": "none", "doc": "what there is to say where release.toml has no [[mirror]]", **task}
