"""The installer's translations, and patches of the server-manager's."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task


def translations(rel: Release) -> Task:
    """The installer's translations."""
    return define_task(
        rel,
        "translations",
        "translations.mirror.mirror_translations",
        *(rel.translations, rel.network, rel.cache / "fetched/translations.json"),
        always=True,
        wiki="Anaconda translations",
    )


def patches(rel: Release) -> Task:
    """Patches of the server-manager's translations."""
    return define_task(
        rel,
        "patches",
        "translations.patches.report_pending_patches",
        *(rel.translations, rel.network, rel.cache / "fetched/patches.json", rel.lock, rel.root),
        file_dep=[rel.lock],
        always=True,
        wiki="Server-Manager translations",
    )
