"""tasks"""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task, step


def translations(rel: Release) -> Task:
    """The installer's translations."""
    return step(
        rel,
        "translations",
        "translations.mirror.mirror",
        *(rel.translations, rel.network, rel.cache / "fetched/translations.json"),
        always=True,
        wiki="Anaconda translations",
    )


def patches(rel: Release) -> Task:
    """Patches of the server-manager's translations."""
    return step(
        rel,
        "patches",
        "translations.patches.report",
        *(rel.translations, rel.network, rel.cache / "fetched/patches.json", rel.lock, rel.root),
        file_dep=[rel.lock],
        always=True,
        wiki="Server-Manager translations",
    )
