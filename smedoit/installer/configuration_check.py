# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what the overlay brings to an installer without install classes: its Python, and which configuration wins."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.errors import ContentError, Findings, format_count, format_grouped
from smedoit.installer.configuration_choice import ConfigurationChoice, choose_configuration, efi_dir_fault
from smedoit.installer.dead_paths import dead_path_reason
from smedoit.installer.install_classes import OverlayRoots, efi_directories, name_overlay_file, show_remarks
from smedoit.installer.python3_sources import find_python3_fault
from smedoit.runtime.files import read_file_bytes

UNREAD = "files that the installer never reads"
UNCOMPILED = "Python files that the installer cannot import"
WRONG = "configuration that does not do what it is there for"


def check_configuration(roots: OverlayRoots, branding: Branding, packages: Iterable[Path] = ()) -> str:
    """Hold the overlay's Python files against the base's Python, and the configuration that would win against ours.

    packages  RPMs of the medium with shim and GRUB, where they are known

    Returns what would win, and what should be looked at. Raises ContentError with all that would end the installer, or
    make it take another configuration than ours.
    """
    base, findings, remarks = branding.identity.built_on, Findings(), list[str]()
    sources = roots.find_files()
    for place, path in sources.items():
        data = read_file_bytes(path)
        if reason := dead_path_reason(place, data, base):
            findings.add(UNREAD, f"{path}: {reason}")
        elif path.suffix == ".py" and (fault := find_python3_fault(data, base.python)):
            if fault.is_certain:
                findings.add(UNCOMPILED, f"{path}, {fault}")
            else:
                remarks.append(f"{path}, {fault}; or newer grammar than the Python here knows")
    found = roots.find_configuration()
    for place, path in found.items():
        if reason := dead_path_reason(place, b"", base):
            findings.add(UNREAD, f"{path}: {reason}")
    choice = choose_configuration(_rendered_texts(roots, branding), base)
    faults = [*choice.faults, *filter(None, (efi_dir_fault(choice, efi_directories(packages), base),))]
    for wrong in dict.fromkeys(faults):
        findings.add(WRONG, name_overlay_file(wrong, found))
    if findings.found:
        raise ContentError(
            f"the installer of {base.words} would not get far with this, or not do what is meant\n"
            f"{format_grouped(findings.found)}",
            hint="correct these files in product/ or updates/ of the content tree",
        )
    remarks += [name_overlay_file(remark, found) for remark in dict.fromkeys(choice.remarks)]
    count, said = sum(path.suffix == ".py" for path in sources.values()), _shown_choice(choice)
    if count:
        said = f"{format_count(count, 'Python file')} held against {base.python}, what they import is not; {said}"
    return show_remarks(said, remarks)


def _shown_choice(choice: ConfigurationChoice) -> str:
    """Return what the installer would take, as the line of the task says it."""
    if not choice.chain:
        return "the installer takes its configuration from its runtime alone"
    return f"the installer takes the configuration of {' on '.join(each.shown for each in reversed(choice.chain))}"


def _rendered_texts(roots: OverlayRoots, branding: Branding) -> dict[str, str]:
    """Return place in the installer -> text of what a choice depends on, as the images will have it."""
    texts = {}
    for place, path in roots.find_configuration().items():
        text = read_file_bytes(path).decode("utf-8", "surrogateescape")
        is_update = path.is_relative_to(roots.updates)
        texts[place] = text if is_update else render_logged(branding, f"product/{place}", text)
    return texts
