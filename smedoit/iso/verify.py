# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify a finished ISO from its bytes alone, without any cache of the build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.errors import Findings, VerifyError, format_grouped
from smedoit.iso import verify_boot, verify_contents, verify_packages, verify_partitions
from smedoit.iso.read import IsoImage, iso_damage_errors
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.medium_paths import TREEINFO
from smedoit.runtime import files, progress

Check = Callable[[IsoImage, ExpectedIso, Findings], None]
ANY: tuple[Check, ...] = (
    verify_boot.check_iso_checksums,
    verify_boot.check_volume_descriptor,
    verify_contents.check_iso_files,
)
BOOTABLE = (*ANY, verify_boot.check_boot_records, verify_partitions.check_partitions, verify_boot.check_labels)
REPOSITORY = (verify_packages.check_locked_packages, verify_contents.check_iso_repodata)

INSTALLATION = (*BOOTABLE, *REPOSITORY, verify_contents.check_treeinfo)
NETINSTALL = (*BOOTABLE, verify_boot.check_install_urls, verify_contents.check_treeinfo)
SOURCES = (*ANY, *REPOSITORY)
DAMAGED = {"media check", "checksum", "damage"}  # findings of an ISO that is not what was sealed
STALE = {"files", "label", "install URL", "packages", "repodata", TREEINFO}  # of one that was made from something else


def verify_iso_image(path: Path, expected: ExpectedIso, checks: Sequence[Check] = INSTALLATION) -> str:
    """Compare the ISO at path with what is expected of it; return what was checked.

    Raises VerifyError with all findings, by kind.
    """
    if not path.is_file():
        raise VerifyError(f"{path}: no such ISO", hint=f"run doit {expected.task} first")
    findings = Findings()
    with files.wrap_os_errors(path, "read"):
        image = IsoImage(path, mend=_remake_hint(expected.task))
        for check in progress.track_progress(checks, len(checks), f"verifying {path.name}", slow=True):
            try:
                check(image, expected, findings)
            except iso_damage_errors() as error:
                findings.add("damage", f"{_describe_check(check)}: {error}")
    if findings.found:
        raise VerifyError(f"{path}:\n{format_grouped(findings.found)}", hint=_healing_hint(findings, expected.task))
    *most, last = map(_describe_check, checks)
    return f"{len(image.records)} files verified: {', '.join(most)} and {last}"


def _healing_hint(findings: Findings, task: str) -> str:
    """Return what heals an ISO, by what is wrong with it."""
    if DAMAGED & findings.found.keys():
        return f"it was damaged or modified after it was sealed: {_remake_hint(task)}"
    if STALE & findings.found.keys():
        return (
            f"something has changed since it was made: run doit {task}; if that has nothing to do, what differs"
            " was damaged in the tree: delete it there first"
        )
    return "it was written so, which is a fault of smedoit: please report it"


def _remake_hint(task: str) -> str:
    """Return how a damaged ISO is made anew; one that is still there may look as if it was up to date."""
    return f"delete it and run doit {task}"


def _describe_check(check: Check) -> str:
    return check.__name__.removeprefix("check_").replace("_", " ")
