# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installer of EL 7 makes of a boot line. Source: anaconda 21.48, dracut/parse-anaconda-*.sh, anaconda-lib.sh

dracut passes over what it does not know, and then waits for a stage 2 that nobody names: so each word is judged here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smedoit.bootfiles.entries import BootEntry, MenuWord

STAGE2, REPO, KICKSTART = "inst.stage2", "inst.repo", "inst.ks"
OLD_NAMES = {"method": REPO, "repo": REPO, "stage2": STAGE2}  # spellings of EL 6
ON_MEDIUM = {KICKSTART: "/ks.cfg", "ks": "/ks.cfg", "inst.updates": "/updates.img", "updates": "/updates.img"}
NETWORK = ("http", "https", "ftp", "nfs", "nfs4", "nfsiso")
OTHERS = ("OEMDRV",)  # labels of other disks that the installer looks for
UPSTREAM = re.compile(
    r"//(?:[^/@\s]*@)?(?:[a-z0-9-]+\.)*"
    r"(centos\.org|fedoraproject\.org|redhat\.com|rockylinux\.org|almalinux\.org|scientificlinux\.org|oracle\.com)"
    r"(?=[:/\s]|$)",
    re.IGNORECASE,
)
LONGEST = 2047  # characters of a command line that Linux keeps for x86; source: arch/x86/include/asm/setup.h
INST_WORDS = """
    armplatform askmethod blacklist cmdline dd debug desktop dhcpclass dirinstall dmraid extlinux geoloc
    geoloc-use-with-ks gpt graphical headless ibft image kexec keymap kickstart ks ks.all ks.device ks.sendmac
    ks.sendsn lang leavebootorder liveinst loglevel mediacheck memcheck memtest method mpath mpathfriendlynames
    multilib nodmraid noeject noibft nokill nombr nomemcheck nomount nompath nonibftiscsiboot nosave noselinux
    noshell nosmt notmux noverifyssl proxy repo rescue resolution root selinux singlelang sshd stage2 stage2.all
    syslog text updates usefbx virtiolog vnc vncconnect vncpassword waitfornet xdriver xtimeout zram
"""  # behind inst.
LIVE_WORDS = """
    autorun check debug dir image overlay overlay.nouserconfirmprompt overlay.overlayfs overlay.readonly
    overlay.reset overlay.size overlay.thin ram squashimg updates
"""  # behind rd.live., of dracut 033; the installer's own check of the medium is one of them
KNOWN = frozenset(f"inst.{word}" for word in INST_WORDS.split())
LIVE = frozenset(f"rd.live.{word}" for word in LIVE_WORDS.split())


@dataclass(frozen=True)
class BootMedium:
    """What a boot line may name.

    volume   the label of the medium
    escaped  that label as udev and so the boot line spell it
    has      whether a path is on the medium, from its top and without a slash before it
    """

    volume: str
    escaped: str
    has: Callable[[str], bool]


def find_kickstarts(entry: BootEntry, medium: BootMedium) -> Iterator[str]:
    """Yield the path on the medium of every kickstart file on it that an entry names."""
    for word in entry.arguments:
        name, _, value = word.text.partition("=")
        if name in (KICKSTART, "ks") and value and not _file_fault(name, value, medium):
            place = _find_named_file(name, value)
            if place:
                yield place.path.lstrip("/")


def argument_faults(entry: BootEntry, medium: BootMedium) -> Iterator[str]:
    """Yield what the installer would not understand of an entry's boot line, or would look for in vain."""
    for word in entry.arguments:
        name, equals, value = word.text.partition("=")
        asked = equals or name.startswith(("inst.", "rd.live"))
        if fault := (_name_fault(name) if asked else "") or _value_fault(name, value, medium):
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


def _shown(word: MenuWord) -> str:
    """Return a word as a sentence repeats it."""
    return word.text if len(word.text) <= 120 else f"{word.text[:120]}…"


def _name_fault(name: str) -> str:
    """Return why the installer does not take an argument of that name, "" if it does or is not asked."""
    if name in OLD_NAMES:
        return f"the spelling of EL 6: write {OLD_NAMES[name]}="
    if name == "root":
        return f"and then looks for no stage 2: write {STAGE2}="
    known = KNOWN if name.lower().startswith("inst") else LIVE if name.lower().startswith("rd.live") else ()
    if not known or name in known:
        return ""
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.8)
    return f"which the installer does not know; did you mean {near[0]}?" if near else ""


def _value_fault(name: str, value: str, medium: BootMedium) -> str:
    """Return why the installer finds nothing by an argument's value, "" if it does or may."""
    if found := UPSTREAM.search(value):
        return f"an address of upstream, {found.group(1)}: that is not this release"
    if name in (STAGE2, REPO):
        return _source_fault(name, value, medium)
    if name in ON_MEDIUM and value:
        return _file_fault(name, value, medium)
    return ""


def _source_fault(name: str, value: str, medium: BootMedium) -> str:
    """Return why a stage 2 or a repository cannot be had."""
    kind, _, rest = value.partition(":")
    if kind in NETWORK:
        return "" if rest.strip("/") else "which names no server"
    if kind in ("cd", "cdrom"):
        return _missing_part(name, "", medium)
    if kind == "hmc":
        return ""
    if kind != "hd":
        return f"which is none of hd:LABEL=, cdrom, {', '.join(NETWORK)}"
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
    wanted = (f"{below}LiveOS/squashfs.img", f"{below}images/install.img", f"{below}.treeinfo")
    if name == REPO:
        wanted = (f"{below}repodata/repomd.xml", *(wanted if path else ()))
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
