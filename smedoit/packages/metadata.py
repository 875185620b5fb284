"""metadata"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from smedoit.branding import rules
from smedoit.config.branding import Rule
from smedoit.config.identity import Identity
from smedoit.config.packages import Groups
from smedoit.packages.choose import read_lock
from smedoit.repodata import comps
from smedoit.repodata.write import Located, make
from smedoit.runtime.files import read_text, write


def write_comps(
    relative: str,
    own: Sequence[Rule],
    source: Path,
    lock_file: Path,
    groups: Groups,
    one: Identity,
    target: Path,
) -> str:
    """Write comps.xml with this version, after holding it against the packages of the lock."""
    text = rules.render(relative, read_text(source), one, own)
    parsed = comps.parse(text, source)
    comps.check(parsed, {pick.package.name for pick in read_lock(lock_file)}, set(groups.absent), source)
    write(target, text)
    return f"{len(parsed.groups)} groups, {len(parsed.environments)} environments"


def describe(lock_file: Path, comps_file: Path, tree_root: Path, epoch: int, memory: Path) -> str:
    """Write repodata/ for the packages of the lock."""
    packages = [
        Located(pick.package, tree_root / "Packages" / pick.package.filename, f"Packages/{pick.package.filename}")
        for pick in read_lock(lock_file)
    ]
    parsed = make(packages, comps_file, tree_root / "repodata", epoch, memory)
    return f"{len(packages)} packages, {parsed} of them parsed now"
