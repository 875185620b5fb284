"""Read a finished ISO back with fresh eyes: nothing is taken from memory, all from its bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.decide.errors import VerifyError, grouped
from smedoit.decide.findings import Findings
from smedoit.do import contents, progress, tree, volume
from smedoit.do.contents import Expected
from smedoit.do.isoimage import Image, damage

Check = Callable[[Image, Expected, Findings], None]
ANY: tuple[Check, ...] = (volume.check_seal, volume.check_volume, contents.check_files)
BOOTABLE = (*ANY, volume.check_boot_records, volume.check_partitions, volume.check_labels)
REPOSITORY = (contents.check_packages, contents.check_repodata)

INSTALLATION = (*BOOTABLE, *REPOSITORY, contents.check_treeinfo)
NETINSTALL = (*BOOTABLE, volume.check_addresses)
SOURCES = (*ANY, *REPOSITORY)


def verify(path: Path, expected: Expected, checks: Sequence[Check] = INSTALLATION) -> str:
    """Hold the ISO at path against what it must say; return what was checked.

    Raises VerifyError with everything that is wrong with it, by kind.
    """
    if not path.is_file():
        raise VerifyError(f"{path}: there is no ISO yet", hint="run doit iso first")
    findings = Findings()
    with tree.worded(path, "read"):
        image = Image(path)
        for check in progress.track(checks, len(checks), f"verifying {path.name}"):
            try:
                check(image, expected, findings)
            except damage() as error:
                findings.add("damage", f"{words(check)}: {error}")
    if findings.found:
        raise VerifyError(
            f"{path}:\n{grouped(findings.found)}", hint="delete it and run doit; if that does not help, send the log"
        )
    *most, last = map(words, checks)
    return f"{len(image.records)} files, {', '.join(most)} and {last} are right"


def words(check: Check) -> str:
    """Return what a check looks at, in words."""
    return check.__name__.removeprefix("check_").replace("_", " ")
