# SPDX-License-Identifier: GPL-3.0-or-later
"""From the stage to the tree that mirrors replicate, between its channels, and back."""

from __future__ import annotations

from collections.abc import Mapping

from smedoit.artifacts.tasks import verify
from smedoit.boottest.tasks import boot_test
from smedoit.checks.tasks import check_versions, closure, quality, updates
from smedoit.config.release import Release
from smedoit.engine.task import Option, Task, started_in
from smedoit.iso.tasks import on_medium

WHERE = (
    Option("source", "testing: publish the very files that lie there, instead of the stage", long="from"),
    Option("to", "the channel, if it is not to be the one that the label stands for"),
)
DRY_RUN = Option("dry_run", "show what would be done, and do nothing", default=False, long="dry-run")


PUBLISH_CHECKS = {
    "verify": verify,
    "quality": quality,
    "closure": closure,
    "updates": updates,
    "check_versions": check_versions,
    "boot_test": boot_test,
}


def check_configs(rel: Release) -> dict[str, Mapping[str, str]]:
    """Return check -> the configuration of its task now: a check that passed under another one does not count."""
    return {name: task(rel).config_texts() for name, task in PUBLISH_CHECKS.items()}


def plan_publish(rel: Release) -> Task:
    """The plan of a publish, and its checks."""
    wiki = "Dev access to release ISO; Prepare directory structure for SME10 release"

    def run(source: str, to: str) -> object:
        from smedoit.publish.publish import show_publish_plan

        return show_publish_plan(rel=rel, configs=check_configs(rel), source=source, to=to)

    return Task(
        name="plan_publish",
        run=run,
        always=True,
        wiki=wiki,
        options=WHERE,
    )


def publish(rel: Release) -> Task:
    """The stage beside its place, then into it, then the link."""

    def run(source: str, to: str, dry_run: bool) -> object:
        from smedoit.publish.publish import publish_release

        return publish_release(
            rel=rel,
            configs=check_configs(rel),
            on_medium=on_medium,
            source=source,
            to=to,
            dry_run=dry_run,
        )

    return Task(
        name="publish",
        run=run,
        always=True,
        wiki="Prepare directory structure for SME10 release; Copy SME Server 10 64 bit Jigdo to mirror; "
        "Copy SME Server 10 SRPMS Jigdo to mirror; Copy SME Server 10 ISOs to mirror; Hard links; "
        "Switch main version link; Addendum",
        options=[*WHERE, DRY_RUN],
    )


def verify_published(rel: Release) -> Task:
    """What mirrors carry, read back."""

    def run(url: str, place: str) -> object:
        from smedoit.publish.readback import verify_published_tree

        return verify_published_tree(rel=rel, url=url, place=str(started_in() / place) if place else "")

    return Task(
        name="verify_published",
        example="--url https://mirror.example.org/releases/10.1",
        run=run,
        always=True,
        options=[
            Option("url", "the address of a release on a mirror, or of a part of it; read over HTTP, nothing is kept"),
            Option("place", "its directory, if it is not where this release is published"),
        ],
    )


def rollback(rel: Release) -> Task:
    """The last publish or move, undone."""

    def run(dry_run: bool) -> object:
        from smedoit.publish.publish import rollback_publish

        return rollback_publish(rel=rel, log=rel.logs / "rollback.rsync.log", dry_run=dry_run)

    return Task(
        name="rollback",
        run=run,
        always=True,
        wiki="Switch main version link",
        options=[DRY_RUN],
    )


def retire(rel: Release) -> Task:
    """A final release to obsolete/."""

    def run(versions: list[str], dry_run: bool) -> object:
        from smedoit.publish.retire import retire_releases

        return retire_releases(rel=rel, versions=versions, dry_run=dry_run)

    return Task(
        name="retire",
        example="10.0",
        run=run,
        always=True,
        options=[DRY_RUN],
        words="versions",
    )


def prune(rel: Release) -> Task:
    """Old test releases."""

    def run(dry_run: bool) -> object:
        from smedoit.publish.retire import prune_test_releases

        return prune_test_releases(rel=rel, dry_run=dry_run)

    return Task(
        name="prune",
        run=run,
        always=True,
        options=[DRY_RUN],
    )
