# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify a finished ISO from its bytes alone, without any cache of the build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.errors import Findings, VerifyError, format_grouped
from smedoit.iso import verify_boot, verify_contents
from smedoit.iso.read import IsoImage, iso_damage_errors
from smedoit.iso.verify_contents import ExpectedIso
from smedoit.runtime import files, progress

Check = Callable[[IsoImage, ExpectedIso, Findings], None]
ANY: tuple[Check, ...] = (
    verify_boot.check_iso_checksums,
    verify_boot.check_volume_descriptor,
    verify_contents.check_iso_files,
)
BOOTABLE = (*ANY, verify_boot.check_boot_records, verify_boot.check_partitions, verify_boot.check_labels)
REPOSITORY = (verify_contents.check_locked_packages, verify_contents.check_iso_repodata)

INSTALLATION = (*BOOTABLE, *REPOSITORY, verify_contents.check_treeinfo)
NETINSTALL = (*BOOTABLE, verify_boot.check_install_urls)
SOURCES = (*ANY, *REPOSITORY)


def verify_iso_image(path: Path, expected: ExpectedIso, checks: Sequence[Check] = INSTALLATION) -> str:
    """Compare the ISO at path with what is expected of it; return what was checked.

    Raises VerifyError with all findings, by kind.
    """
    if not path.is_file():
        raise VerifyError(f"{path}: no such ISO", hint="run doit iso first")
    findings = Findings()
    with files.wrap_os_errors(path, "read"):
        image = IsoImage(path)
        for check in progress.track_progress(checks, len(checks), f"verifying {path.name}"):
            try:
                check(image, expected, findings)
            except iso_damage_errors() as error:
                findings.add("damage", f"{_describe_check(check)}: {error}")
    if findings.found:
        raise VerifyError(
            f"{path}:\n{format_grouped(findings.found)}",
            hint="delete it and run doit; if that does not help, send the log",
        )
    *most, last = map(_describe_check, checks)
    return f"{len(image.records)} files verified: {', '.join(most)} and {last}"


def _describe_check(check: Check) -> str:
    return check.__name__.removeprefix("check_").replace("_", " ")
