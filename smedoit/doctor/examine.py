# SPDX-License-Identifier: GPL-3.0-or-later
"""Examine the host before a step fails for want of a program."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

from smedoit.boottest import qemu
from smedoit.config.release import Release
from smedoit.doctor import places, requirements
from smedoit.doctor.requirements import FINE, DoctorFinding, HostFacts
from smedoit.errors import SmeError
from smedoit.packages import lock
from smedoit.runtime import files, libraries, progress
from smedoit.runtime.filesets import matches_patterns

ADMINISTRATORS = ":/usr/sbin:/sbin"  # where Debian keeps programs that its users' PATH leaves out


def run_doctor(rel: Release, as_json: bool = False) -> Mapping[str, str]:
    """Report what this host has and lacks, and what release.toml names. Raises SmeError if a configured step lacks it.

    as_json  show the findings for machines
    """
    found = [
        DoctorFinding(FINE, "release.toml", f"{rel.file}, nothing wrong with it; doit config shows what it says"),
        *requirements.examine_host(rel, _gather_host_facts(rel)),
        *places.examine_places(rel),
        *places.examine_keys(rel),
    ]
    table = "" if as_json else "\n".join(map(str, found))
    if as_json:
        entries = [{"state": each.state, "subject": each.subject, "text": each.text} for each in found]
        progress.show_line(json.dumps(entries, indent=1, ensure_ascii=False))
    if faults := requirements.host_faults(found):
        names = ", ".join(finding.subject for finding in faults)
        raise SmeError(
            f"{names}: missing or wrong for this release\n{table}".rstrip(),
            hint="bring or mend what is missing, then run doit doctor again",
        )
    notes = [finding.subject for finding in found if finding.text.startswith("has no packages yet")]
    said = f"no packages yet in {', '.join(notes)}" if notes else "nothing missing for this release"
    return {"did": f"{len(found)} checked, {said}", **({} if as_json else {"result": table})}


def _gather_host_facts(rel: Release) -> HostFacts:
    """Return what this host has."""
    path = f"{os.environ.get('PATH', '')}{ADMINISTRATORS}"
    programs = {program.name: shutil.which(program.name, path=path) for program in requirements.known_programs(rel)}
    root = _nearest_directory(rel.root)
    return HostFacts(
        programs={name: place for name, place in programs.items() if place},
        firmware=_find_firmware(),
        libraries=libraries.library_versions(),
        python=platform.python_version(),
        root=str(root),
        writable=os.access(root, os.W_OK | os.X_OK),
        free=shutil.disk_usage(root).free,
        needed=_media_size(rel),
        absent_tiers=_missing_tiers(rel),
        umask=_current_umask(),
        user=os.getuid(),
    )


def _nearest_directory(path: Path) -> Path:
    """Return the nearest directory at or above path that is there."""
    return next(directory for directory in (path, *path.parents) if directory.is_dir())


def _find_firmware() -> str:
    """Return where the emulator's UEFI firmware lies, "" if it has none."""
    pairs = [str(code) for code, _ in qemu.firmware_files()]
    return next(iter([*pairs, *filter(os.path.isfile, qemu.WHOLE)]), "")


def _media_size(rel: Release) -> int:
    """Return the bytes that the media take: as they are, or by locks and boot set; nothing before there is a lock."""
    locks = [path for path in (rel.lock, rel.sources_lock) if path.is_file()]
    if not locks:
        return 0
    packages = sum(pick.package.size for path in locks for pick in lock.parse_lock(files.read_file_text(path), path))
    boot_set = rel.boot_set.path
    found = [name for name, _ in files.walk_files(boot_set)] if boot_set.is_dir() else []
    patterns = rel.release.built_on.boot_files
    booted = sum((boot_set / name).stat().st_size for name in found if matches_patterns(name, patterns))
    made = sum(path.stat().st_size for path in rel.isos.glob(f"*/{rel.release.name}-{rel.release.full}-*.iso"))
    return max(made, packages + 2 * booted)  # two media boot


def _missing_tiers(rel: Release) -> tuple[str, ...]:
    """Return the names of the staged tiers that are not there, or hold no package."""
    staged = [tier for tier in rel.tiers if tier.stage and not tier.may_be_empty]
    return tuple(tier.name for tier in staged if not tier.path.is_dir() or not any(tier.path.rglob("*.rpm")))


def _current_umask() -> int:
    """Return the umask; asking for it means to set it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
