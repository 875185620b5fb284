# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer would choke on, or never read, among the files of an overlay image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL
from smedoit.errors import ContentError, Findings, format_grouped
from smedoit.installer import gettext_catalog, interface_files, kickstart, runtime_paths
from smedoit.installer.cpio import CpioMember, runtime_location
from smedoit.installer.dead_paths import DEFAULTS, UPDATES_TOP, dead_path_reason, product_remark

NEVER_READ = ("po/", "run/install/product/po/", "run/install/updates/po/")  # catalogs that are elsewhere below these
REFUSED_KICKSTARTS = "kickstart files that the installer would refuse"
POST_SCRIPTS = "usr/share/anaconda/post-scripts/"  # whose *ks anaconda puts together, and parses as one file


def defaults_places(base: Base) -> tuple[str, ...]:
    """Return where a base's installer looks for interactive-defaults.ks, the place that counts last."""
    return (f"usr/share/anaconda/{DEFAULTS}", *((f"{UPDATES_TOP}/{DEFAULTS}",) if base.reads_updates else ()))


def check_overlay_files(members: Sequence[CpioMember], image: str, base: Base = USUAL) -> list[str]:
    """Return remarks on the files of an overlay image.

    Raises ContentError with every file that its reader in the installer would refuse, or not find.
    """
    findings, remarks = Findings(), list[str]()
    for member in members:
        where = _said_member(member, image)
        if reason := dead_path_reason(member.name, member.data, base):
            findings.add("files that the installer never reads", f"{where}: {reason}")
            continue
        remarks += [f"{where}: {remark}" for remark in (product_remark(member.name, base),) if remark]
        if member.name.endswith((".mo", ".po")):
            _check_overlay_catalog(member, where, base, findings, remarks)
        elif interface_files.is_window_file(member.name, member.data):
            fault = interface_files.interface_fault(member.data, base.gtk)
            findings.check(not fault, "windows that GTK would refuse", f"{where}: {fault}")
        elif interface_files.is_style_sheet(member.name):
            fault = interface_files.style_fault(member.data)
            findings.check(not fault, "styles at which the installer would end", f"{where}: {fault}")
    _check_overlay_kickstarts(members, image, base, findings, remarks)
    origins = {member.name: _said_member(member, image) for member in members}
    for conflict in runtime_paths.find_path_conflicts(origins, base):
        findings.add("files that cannot be laid over the installer's runtime", f"{image}: {conflict}")
    remarks += [f"{origins[name]}: is mounted over, nothing sees it" for name in runtime_paths.hidden_paths(origins)]
    if findings.found:
        raise ContentError(
            f"{image} is not written, files for it are wrong\n{format_grouped(findings.found)}",
            hint="correct these files, or take them out of the content tree",
        )
    return remarks + gettext_catalog.catalog_remarks([member.name for member in members], base)


def _check_overlay_catalog(member: CpioMember, where: str, base: Base, findings: Findings, remarks: list[str]) -> None:
    """Check a translation: that somebody reads it at its place, and can."""
    misplaced = gettext_catalog.misplaced_catalog(member.name, base)
    if misplaced and member.name.startswith(NEVER_READ):
        findings.add("translations that the installer never reads", f"{where}: {misplaced}")
    elif misplaced:
        remarks.append(f"{where}: {misplaced}; unless a file of yours does")
    else:
        try:
            relative = "/".join(PurePosixPath(member.name).parts[-3:])
            found = gettext_catalog.parse_catalog(relative, member.data)
            remarks += [f"{where}: {doubt}" for doubt in found.doubts]
        except ContentError as error:
            findings.add("translations that the installer cannot read", f"{where}: {error}")


def _check_overlay_kickstarts(
    members: Sequence[CpioMember], image: str, base: Base, findings: Findings, remarks: list[str]
) -> None:
    """Check the kickstart files of an image; what one of them includes is read within it."""
    there = {member.name: member for member in members}
    names = {_said_member(member, image): member.name for member in members}

    def find_include(file: str, path: str) -> tuple[str, bytes] | None:
        member = there.get(runtime_location(names[file], path))
        return (_said_member(member, image), member.data) if member else None

    found = [member for member in members if is_overlay_kickstart(member.name)]
    contents = {_said_member(member, image): member.data for member in found}
    parsed = kickstart.parse_kickstarts(contents, find_include, base).values()
    for fault in dict.fromkeys(fault for said in parsed for fault in said.faults):  # several may include one file
        findings.add(REFUSED_KICKSTARTS, fault)
    remarks += dict.fromkeys(remark for said in parsed for remark in said.remarks)
    for member in found:
        where = _said_member(member, image)
        if member.name.startswith(POST_SCRIPTS) and not member.data.endswith(b"\n"):
            findings.add(REFUSED_KICKSTARTS, f"{where}: its last line has no end, and the next file would go on in it")
        read = defaults_places(base)
        if PurePosixPath(member.name).name == DEFAULTS and member.name not in read:
            remarks.append(f"{where}: nobody reads it there; {DEFAULTS} counts as {' or '.join(read)}")


def is_overlay_kickstart(name: str) -> bool:
    """Return whether a file of an overlay image is a kickstart file."""
    return kickstart.is_kickstart(name) or (name.startswith(POST_SCRIPTS) and name.endswith("ks"))


def _said_member(member: CpioMember, image: str) -> str:
    """Return what sentences call a file of an image."""
    return member.origin or f"{member.name} of {image}"
