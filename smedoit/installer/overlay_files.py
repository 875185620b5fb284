# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer would choke on, or never read, among the files of an overlay image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.installer import gettext_catalog, runtime_paths
from smedoit.installer.cpio import CpioMember

NEVER_READ = ("po/", "run/install/product/po/", "run/install/updates/po/")  # catalogs that are elsewhere below these


def check_overlay_files(members: Sequence[CpioMember], image: str) -> list[str]:
    """Return remarks on the files of an overlay image.

    Raises ContentError with every file that its reader in the installer would refuse, or not find.
    """
    findings, remarks = Findings(), list[str]()
    for member in members:
        where = member.origin or f"{member.name} of {image}"
        if member.name.endswith((".mo", ".po")):
            _check_overlay_catalog(member, where, findings, remarks)
    origins = {member.name: member.origin or f"{member.name} of {image}" for member in members}
    for conflict in runtime_paths.find_path_conflicts(origins):
        findings.add("files that cannot be laid over the installer's runtime", f"{image}: {conflict}")
    remarks += [f"{origins[name]}: is mounted over, nothing sees it" for name in runtime_paths.hidden_paths(origins)]
    if findings.found:
        raise ContentError(
            f"{image} is not written, files for it are wrong\n{format_grouped(findings.found)}",
            hint="correct these files, or take them out of the content tree",
        )
    return remarks + gettext_catalog.catalog_remarks([member.name for member in members])


def _check_overlay_catalog(member: CpioMember, where: str, findings: Findings, remarks: list[str]) -> None:
    """Check a translation: that somebody reads it at its place, and can."""
    misplaced = gettext_catalog.misplaced_catalog(member.name)
    if misplaced and member.name.startswith(NEVER_READ):
        findings.add("translations that the installer never reads", f"{where}: {misplaced}")
    elif misplaced:
        remarks.append(f"{where}: {misplaced}; unless a file of yours does")
    else:
        try:
            relative = "/".join(PurePosixPath(member.name).parts[-3:])
            gettext_catalog.parse_catalog(relative, member.data)
        except ContentError as error:
            findings.add("translations that the installer cannot read", f"{where}: {error}")
