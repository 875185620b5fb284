# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's translations, and patches of the server-manager's."""

from __future__ import annotations

from smedoit.config.release import Release
from smedoit.engine.task import Task


def translations(rel: Release) -> Task:
    """The installer's translations."""

    def run() -> object:
        from smedoit.translations.mirror import mirror_translations

        return mirror_translations(
            settings=rel.translations, network=rel.network, memory=rel.cache / "fetched/translations.json"
        )

    return Task(
        name="translations",
        run=run,
        always=True,
        wiki="Anaconda translations",
    )


def patches(rel: Release) -> Task:
    """Patches of the server-manager's translations."""

    def run() -> object:
        from smedoit.translations.patches import report_pending_patches

        return report_pending_patches(
            settings=rel.translations,
            network=rel.network,
            memory=rel.cache / "fetched/patches.json",
            lock_file=rel.lock,
            root=rel.root,
        )

    return Task(
        name="patches",
        run=run,
        inputs=[rel.lock],
        always=True,
        wiki="Server-Manager translations",
    )
