# SPDX-License-Identifier: GPL-3.0-or-later
"""The content tree and other sources, and local copies of upstream."""

from __future__ import annotations

from collections.abc import Iterator

from smedoit.config.inputs import RsyncMirror
from smedoit.config.release import Release
from smedoit.engine.task import Task
from smedoit.runtime.files import EXPORTED, recover_directory
from smedoit.runtime.filesets import FileSet


def content(rel: Release) -> Task:
    """Content and other source trees, from CVS, git or a directory."""
    exported = rel.exported

    def run() -> object:
        from smedoit.content.checkout import export_checkouts

        return export_checkouts(
            checkouts=exported, content=rel.content.path, mirrors=rel.cache / "checkouts", network=rel.network
        )

    return Task(
        name="content",
        run=run,
        config={f"[{checkout.name}] source": f"{checkout.source} in {checkout.path}" for checkout in exported},
        outputs=[*[FileSet(checkout.path, only) for checkout in exported for only in (("*",), (EXPORTED,))]],
        always=not (rel.content.source.is_set and all(checkout.source.is_pinned for checkout in exported)),
        wiki="CVS Folder structure; Refresh cdrom content",
    )


def recover_exports(rel: Release) -> str:
    """Bring back the trees whose replacement a kill interrupted, before anybody reads them; return lines for that."""
    return "\n".join(filter(None, (recover_directory(checkout.path) for checkout in rel.exported)))


def mirror(rel: Release) -> Iterator[Task]:
    """Local copies of releases and upstream, a task each."""
    yield from (rsync_mirror_task(rel, settings) for settings in rel.rsync_mirror)
    if not rel.rsync_mirror:
        yield no_mirror_task()


def rsync_mirror_task(rel: Release, settings: RsyncMirror) -> Task:
    """One local copy, as the other side has it."""
    name = f"mirror:{settings.name}"

    def run() -> object:
        from smedoit.content.mirror import sync_rsync_mirror

        return sync_rsync_mirror(
            mirror=settings, network=rel.network, log=rel.logs / f"mirror-{settings.name}.rsync.log"
        )

    return Task(
        name=name,
        run=run,
        always=True,
        wiki="Local Only: Update local mirror as seen by the chroot",
        doc=f"{settings.path}, as {settings.source} has it",
    )


def no_mirror_task() -> Task:
    """The sentence for a release.toml that has nothing to mirror."""

    def run() -> object:
        from smedoit.content.mirror import report_no_mirrors

        report_no_mirrors()
        return "nothing is mirrored"

    return Task(
        name="mirror:none",
        run=run,
        always=True,
        doc="what there is to say where release.toml has no [[rsync_mirror]]",
    )
