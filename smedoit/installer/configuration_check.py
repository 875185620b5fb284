# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what the overlay brings to an installer without install classes: its Python, and which configuration wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.branding.mentions import render_logged
from smedoit.branding.rules import Branding
from smedoit.errors import ContentError, Findings, format_count, format_grouped
from smedoit.installer.configuration_choice import ConfigurationChoice, choose_configuration, efi_dir_fault
from smedoit.installer.configuration_tables import anaconda_modules
from smedoit.installer.dead_paths import dead_path_reason
from smedoit.installer.install_classes import OverlayRoots, efi_directories, name_overlay_file, show_remarks
from smedoit.installer.python3_sources import find_absent_modules, find_python3_fault
from smedoit.runtime.files import read_file_bytes

UNREAD = "files that the installer never reads"
UNCOMPILED = "Python files that the installer cannot import"
SHOWN = 60  # characters of a name in a sentence
WRONG = "configuration that does not do what it is there for"


def check_configuration(roots: OverlayRoots, branding: Branding, packages: Iterable[Path] = ()) -> str:
    """Hold the overlay's Python files against the base's Python, and the configuration that would win against ours.

    packages  RPMs of the medium with shim and GRUB, where they are known

    Returns what would win, and what should be looked at. Raises ContentError with all that would end the installer, or
    make it take another configuration than ours.
    """
    base, findings, remarks = branding.identity.built_on, Findings(), list[str]()
    sources = roots.find_files()
    own = {_module_name(place, base) for place in sources}
    for place, path in sources.items():
        data = read_file_bytes(path)
        if reason := dead_path_reason(place, data, base):
            findings.add(UNREAD, f"{path}: {reason}")
        elif path.suffix == ".py" and (fault := find_python3_fault(data, base.python)):
            if fault.is_certain:
                findings.add(UNCOMPILED, f"{path}, {fault}")
            else:
                remarks.append(f"{path}, {fault}; or newer grammar than the Python here knows")
        if path.suffix == ".py":
            remarks += (f"{path}, {said}" for said in _absent_modules(data, own, base))
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
        held = f"{format_count(count, 'Python file')} held against {base.python}"
        said = f"{held}, what they import of others than pyanaconda is not; {said}"
    return show_remarks(said, remarks)


def _module_name(place: str, base: Base) -> str:
    """Return the module that a file is where the base's Python imports it from its packages."""
    relative = place.removeprefix(f"{base.python.site}/").removesuffix(".py")
    return relative.replace("/", ".").removesuffix(".__init__")


def _absent_modules(data: bytes, own: set[str], base: Base) -> Iterator[str]:
    """Yield what a source imports of pyanaconda that neither the base's anaconda nor the overlay has."""
    known = anaconda_modules(base.anaconda)
    for line, name in find_absent_modules(data, known | own):
        near = get_close_matches(name[:SHOWN], sorted(known), 1, 0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        yield f"line {line}: imports {name[:SHOWN]}, which anaconda {base.anaconda} does not have{hint}"


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
