# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer of a base makes of a boot line. Source: anaconda, dracut/parse-anaconda-*.sh, anaconda-lib.sh

dracut passes over what it does not know, and then waits for a stage 2 that nobody names: so each word is judged here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smedoit.bases.enterprise_linux import Base
from smedoit.bootfiles.entries import BootEntry, MenuWord
from smedoit.medium_paths import REPOMD, TREEINFO, below_repositories

STAGE2, REPO, KICKSTART = "inst.stage2", "inst.repo", "inst.ks"
OLD_NAMES = {"method": REPO, "repo": REPO, "stage2": STAGE2}  # spellings of EL 6
ON_MEDIUM = {KICKSTART: "/ks.cfg", "ks": "/ks.cfg", "inst.updates": "/updates.img", "updates": "/updates.img"}
STAGE2_PLACES = ("LiveOS/squashfs.img", "images/install.img")  # where each of them looks
OTHERS = ("OEMDRV",)  # labels of other disks that the installer looks for
UPSTREAM = re.compile(
    r"//(?:[^/@\s]*@)?(?:[a-z0-9-]+\.)*"
    r"(centos\.org|fedoraproject\.org|redhat\.com|rockylinux\.org|almalinux\.org|scientificlinux\.org|oracle\.com)"
    r"(?=[:/\s]|$)",
    re.IGNORECASE,
)
LONGEST = 2047  # characters of a command line that Linux keeps for x86; source: arch/x86/include/asm/setup.h


@dataclass(frozen=True)
class BootMedium:
    """What a boot line may name.

    volume   the label of the medium
    escaped  that label as udev and so the boot line spell it
    has      whether a path is on the medium, from its top and without a slash before it
    base     whose installer reads it
    """

    volume: str
    escaped: str
    has: Callable[[str], bool]
    base: Base


def find_kickstarts(entry: BootEntry, medium: BootMedium) -> Iterator[str]:
    """Yield the path on the medium of every kickstart file on it that an entry names."""
    for word in entry.arguments:
        name, _, value = word.text.partition("=")
        if name in _spellings(KICKSTART, medium.base) and value and not _file_fault(name, value, medium):
            place = _find_named_file(name, value)
            if place:
                yield place.path.lstrip("/")


def argument_faults(entry: BootEntry, medium: BootMedium) -> Iterator[str]:
    """Yield what the installer would not understand of an entry's boot line, or would look for in vain."""
    for word in entry.arguments:
        name, equals, value = word.text.partition("=")
        asked = equals or name.startswith(("inst.", "rd.live")) or name in medium.base.options.plain
        if fault := (_name_fault(name, medium.base) if asked else "") or _value_fault(name, value, medium):
            yield f"{word} has {_shown(word)}, {fault}"
    named = {word.text.partition("=")[0] for word in entry.arguments}
    if not named & {STAGE2, REPO, KICKSTART, "ks", *OLD_NAMES, "root"}:
        where = entry.arguments[0] if entry.arguments else entry.kernel or entry.place
        yield (
            f"{where} has no {STAGE2}=hd:LABEL={medium.escaped}, so the installer would find its medium in no USB stick"
        )
    length = sum(len(word.text) + 1 for word in entry.arguments)
    if length > LONGEST:
        yield f"{entry.arguments[0]} is {length} characters long, and the kernel reads {LONGEST}"


def argument_remarks(entry: BootEntry, medium: BootMedium) -> Iterator[str]:
    """Yield what the installer takes of an entry's boot line with a warning, or passes over."""
    base = medium.base
    for word in entry.arguments:
        name = word.text.partition("=")[0]
        if base.options.warns and name in base.options.plain:
            yield f"{word} has {_shown(word)}, of which the installer warns: write {base.options.plain[name]}"
        elif name in base.options.useless:
            yield f"{word} has {_shown(word)}, which the installer of {base.words} passes over: leave it out"


def _spellings(name: str, base: Base) -> tuple[str, ...]:
    """Return how the installer of a base takes an option to be spelled."""
    return (name, name.removeprefix("inst.")) if base.plain_options else (name,)


def _shown(word: MenuWord) -> str:
    """Return a word as a sentence repeats it."""
    return word.text if len(word.text) <= 120 else f"{word.text[:120]}…"


def _name_fault(name: str, base: Base) -> str:
    """Return why the installer does not take an argument of that name, "" if it does or is not asked."""
    options = base.options
    if name in options.plain and not base.plain_options:
        return f"which the installer of {base.words} ignores: write {options.plain[name]}"
    if name in OLD_NAMES and not options.warns:
        return f"the spelling of EL 6: write {OLD_NAMES[name]}="
    if name == "root":
        return f"and then looks for no stage 2: write {STAGE2}="
    if name in options.replaced:
        return f"which the installer of {base.words} does not know: write {options.replaced[name]}"
    lower = name.lower()
    known = options.words if lower.startswith("inst") else options.live if lower.startswith("rd.live") else ()
    if not known or name in known or name in options.useless:
        return ""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    return f"which the installer does not know; did you mean {near[0]}?" if near else ""


def _value_fault(name: str, value: str, medium: BootMedium) -> str:
    """Return why the installer finds nothing by an argument's value, "" if it does or may."""
    if found := UPSTREAM.search(value):
        return f"an address of upstream, {found.group(1)}: that is not this release"
    taken = OLD_NAMES.get(name, name) if medium.base.options.warns else name
    if taken in (STAGE2, REPO):
        return _source_fault(taken, value, medium)
    if name in ON_MEDIUM and value:
        return _file_fault(name, value, medium)
    return ""


def _source_fault(name: str, value: str, medium: BootMedium) -> str:
    """Return why a stage 2 or a repository cannot be had."""
    kind, _, rest = value.partition(":")
    network = medium.base.options.network
    if kind in network:
        return "" if rest.strip("/") else "which names no server"
    if kind in ("cd", "cdrom"):
        return _missing_part(name, "", medium)
    if kind == "hmc":
        return ""
    if kind != "hd":
        return f"which is none of hd:LABEL=, cdrom, {', '.join(network)}"
    device, _, path = rest.partition(":")
    return _device_fault(device, medium) or _missing_part(name, path.strip("/"), medium)


def _device_fault(device: str, medium: BootMedium) -> str:
    """Return why a device is not this medium."""
    label = re.fullmatch(r"(?:CD)?LABEL=(.*)", device)
    if not label:
        return f"which names the medium otherwise than by its label: write hd:LABEL={medium.escaped}"
    if label.group(1) not in (medium.escaped, *OTHERS):
        return f"and the medium is called {medium.volume}: write LABEL={medium.escaped}"
    return ""


def _missing_part(name: str, path: str, medium: BootMedium) -> str:
    """Return what of stage 2 or of the repository is not on the medium below path, "" if it is all there."""
    below = f"{path}/" if path else ""
    wanted = tuple(dict.fromkeys(f"{below}{place}" for place in (medium.base.stage2, *STAGE2_PLACES, TREEINFO)))
    if name == REPO:
        places = below_repositories((*medium.base.repositories, ""), REPOMD)
        wanted = (*(f"{below}{place}" for place in places), *(wanted if path else ()))
    if any(map(medium.has, wanted)) or (path and medium.has(path)):
        return ""
    return f"and the medium has no {wanted[0]}"


@dataclass(frozen=True)
class _NamedFile:
    """A file that an argument names: its path, and LABEL= of where it lies, "" for the drive that was started from."""

    device: str
    path: str


def _find_named_file(name: str, value: str) -> _NamedFile | None:
    """Return the file that an argument names, None if it lies on another disk or on the network."""
    kind, _, rest = value.partition(":")
    device, path = "", rest
    if kind == "hd" or (kind == "cdrom" and ":" in rest):
        device, _, path = rest.partition(":")
        if kind == "cdrom" and device.startswith(("sr", "/dev/sr")):
            device = ""
    elif kind != "cdrom":
        return None
    if (device and "LABEL=" not in device) or device.endswith(OTHERS):
        return None  # of a machine that only its owner knows
    return _NamedFile(device, path or ON_MEDIUM[name])


def _file_fault(name: str, value: str, medium: BootMedium) -> str:
    """Return why a file that an argument names cannot be read, "" if it can, or lies elsewhere."""
    place = _find_named_file(name, value)
    if place is None:
        return ""
    if place.device and (fault := _device_fault(place.device, medium)):
        return fault
    if not medium.has(place.path.lstrip("/")):
        return f"and the medium has no {place.path.lstrip('/')}"
    if value.startswith("hd:") and not place.path.startswith("/"):
        return f"and the installer wants a path from the top: write :/{place.path}"
    return ""
