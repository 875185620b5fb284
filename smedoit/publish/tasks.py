"""From the stage to the tree that mirrors replicate, between its channels, and back."""

from __future__ import annotations

from collections.abc import Mapping

from smedoit.artifacts import tasks
from smedoit.boottest.tasks import boot_test
from smedoit.checks.tasks import check_versions, closure, quality, updates
from smedoit.config.release import Release
from smedoit.engine.task import Task, define_task
from smedoit.tiers.tasks import option

WHERE = (
    option("source", "from", "", "testing: move the final bits that lie there, instead of the stage"),
    option("to", "to", "", "the channel, if it is not to be the one that the label stands for"),
)
DRY = option("dry_run", "dry-run", False, "show what would be done, and do nothing")


GATES = {
    "verify": tasks.verify,
    "quality": quality,
    "closure": closure,
    "updates": updates,
    "check_versions": check_versions,
    "boot_test": boot_test,
}


def check_configs(rel: Release) -> dict[str, Mapping[str, str]]:
    """Return gate -> what its task is told now: a gate that passed under other words is open again."""
    return {name: task(rel)["meta"]["told"] for name, task in GATES.items()}


def plan_publish(rel: Release) -> Task:
    """The plan of a publish, and its gates."""
    wiki = "Dev access to release ISO; Prepare directory structure for SME10 release"
    return define_task(
        rel,
        "plan_publish",
        "publish.publish.show_publish_plan",
        *(rel, check_configs(rel)),
        always=True,
        params=WHERE,
        wiki=wiki,
    )


def publish(rel: Release) -> Task:
    """The stage beside its place, then into it, then the link."""
    return define_task(
        rel,
        "publish",
        "publish.publish.publish_release",
        *(rel, check_configs(rel), rel.logs / "publish.rsync.log"),
        always=True,
        params=[*WHERE, DRY],
        wiki="Prepare directory structure for SME10 release; Copy SME Server 10 64 bit Jigdo to mirror; "
        "Copy SME Server 10 SRPMS Jigdo to mirror; Copy SME Server 10 ISOs to mirror; Hard links; "
        "Switch main version link; Addendum",
    )


def rollback(rel: Release) -> Task:
    """The last publish or move, undone."""
    args = (rel, rel.logs / "rollback.rsync.log")
    return define_task(
        rel,
        "rollback",
        "publish.publish.rollback_publish",
        *args,
        always=True,
        params=[DRY],
        wiki="Switch main version link",
    )


def retire(rel: Release) -> Task:
    """A final release to obsolete/."""
    return define_task(
        rel, "retire", "publish.retire.retire_releases", rel, always=True, params=[DRY], pos_arg="versions"
    )


def prune(rel: Release) -> Task:
    """Old test releases."""
    return define_task(rel, "prune", "publish.retire.prune_test_releases", rel, always=True, params=[DRY])
