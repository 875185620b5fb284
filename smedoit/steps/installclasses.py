"""The installer's Python sources, before an image is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from smedoit.decide import installclasses
from smedoit.decide.errors import ContentError
from smedoit.do import layers, python27, tree

UNJUDGED = "judged by nobody: there is no Python 2.7 here; once there is, say doit forget install_classes"


def check(roots: Sequence[Path], skipped: Sequence[str]) -> str:
    """Have the sources below roots judged by a Python 2.7, and say what is doubtful of the install classes.

    skipped  globs of paths that go into no image

    Raises ContentError with every file that it would not import: the installer would end in a traceback.
    """
    found = sources(roots, skipped)
    is_judged = python27.is_there()
    if is_judged and (wrong := python27.complaints(list(found.values()))):
        raise ContentError(
            "the installer's Python 2.7 would not import\n" + "\n".join(f"  {one}" for one in wrong),
            hint="mend these lines: anaconda 21 knows no newer one, and ends at an install class that it cannot import",
        )
    remarks = installclasses.remarks({relative: tree.read_text(path) for relative, path in found.items()})
    verdict = "all of them Python 2.7" if is_judged else UNJUDGED
    return "\n  ".join([f"{len(found)} sources, {verdict}", *remarks])


def sources(roots: Sequence[Path], skipped: Sequence[str]) -> Mapping[str, Path]:
    """Return path in the installer -> source; what lies in a later root hides that of an earlier one."""
    return {
        relative: root / relative
        for root in roots
        if root.is_dir()
        for relative in layers.listed(root)
        if relative.endswith(".py") and not any(fnmatchcase(relative, pattern) for pattern in skipped)
    }
