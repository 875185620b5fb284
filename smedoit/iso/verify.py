"""Read a finished ISO back with fresh eyes: nothing is taken from memory, all from its bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from smedoit.errors import Findings, VerifyError, grouped
from smedoit.iso import verify_boot, verify_contents
from smedoit.iso.read import Image, damage
from smedoit.iso.verify_contents import Expected
from smedoit.runtime import files, progress

Check = Callable[[Image, Expected, Findings], None]
ANY: tuple[Check, ...] = (verify_boot.check_seal, verify_boot.check_volume, verify_contents.check_files)
BOOTABLE = (*ANY, verify_boot.check_boot_records, verify_boot.check_partitions, verify_boot.check_labels)
REPOSITORY = (verify_contents.check_packages, verify_contents.check_repodata)

INSTALLATION = (*BOOTABLE, *REPOSITORY, verify_contents.check_treeinfo)
NETINSTALL = (*BOOTABLE, verify_boot.check_addresses)
SOURCES = (*ANY, *REPOSITORY)


def verify(path: Path, expected: Expected, checks: Sequence[Check] = INSTALLATION) -> str:
    """Hold the ISO at path against what it must say; return what was checked.

    Raises VerifyError with everything that is wrong with it, by kind.
    """
    if not path.is_file():
        raise VerifyError(f"{path}: there is no ISO yet", hint="run doit iso first")
    findings = Findings()
    with files.worded(path, "read"):
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
