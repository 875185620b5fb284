# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installer's Python files: that Python 2.7 would compile them, and what its install classes lack."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from smedoit.errors import ContentError, format_count
from smedoit.runtime.files import read_file_bytes, read_file_text, resolve_file_below
from smedoit.tree import layers

CLASSES_DIRECTORY = "pyanaconda/installclasses"
CENTOS_PRIORITY = 25000  # of the class in upstream's runtime, which is visible for every product but Red Hat's
PRIORITY = re.compile(r"^[ \t]+sortPriority[ \t]*=[ \t]*([0-9]{1,18})\b", re.MULTILINE)
EFI_DIR = re.compile(r"^[ \t]+efi_dir[ \t]*=", re.MULTILINE)
IMPORTED = re.compile(
    r"^[ \t]*(?:from[ \t]+pyanaconda\.installclasses|import[ \t]+pyanaconda\.installclasses)", re.MULTILINE
)


def check_install_classes(roots: Sequence[Path], skipped: Sequence[str]) -> str:
    """Hold the Python files below roots against Python 2.7, and return warnings about the install classes.

    skipped  globs of paths that go into no image

    Raises ContentError with every file that would not compile: the installer would end in a traceback.
    """
    found = _python_sources(roots, skipped)
    if wrong := find_python27_errors(found.values()):
        raise ContentError(
            "Python 2.7, which the installer runs on, would not compile\n"
            + "\n".join(f"  {complaint}" for complaint in wrong),
            hint="correct these lines: anaconda 21 runs on no newer one, and ends at a class that it cannot import",
        )
    remarks = install_class_remarks({relative: read_file_text(path) for relative, path in found.items()})
    return "\n  ".join([f"{format_count(len(found), 'Python file')} held against Python 2.7", *remarks])


def install_class_remarks(texts: Mapping[str, str]) -> list[str]:
    """Return warnings about the install classes of the overlay images.

    texts  path in the installer -> source; other files are passed over
    """
    classes = {path: text for path, text in sorted(texts.items()) if _is_install_class(path)}
    if not classes:
        return []
    winner = max(classes, key=lambda path: _sort_priority(classes[path]))
    found = []
    if _sort_priority(classes[winner]) <= CENTOS_PRIORITY:
        found.append(f"no install class has a sortPriority above {CENTOS_PRIORITY}, so CentOS's own would win")
    if not EFI_DIR.search(classes[winner]) and not IMPORTED.search(classes[winner]):
        found.append(f"{winner}: sets no efi_dir, every installation under UEFI would end in a traceback")
    return found


def find_python27_errors(paths: Iterable[Path]) -> list[str]:
    """Return "FILE, line N: reason" for every file that Python 2.7 would not compile; none is run, or needed."""
    from smedoit.installer.python27_rules import check_python27
    from smedoit.installer.python27_tokens import Python27Error

    found = []
    for path in paths:
        try:
            check_python27(read_file_bytes(path))
        except Python27Error as error:
            found.append(f"{path}, {error}")
    return found


def _is_install_class(path: str) -> bool:
    """Return whether anaconda would import a file as an install class."""
    file = PurePosixPath(path)
    return file.parent.as_posix().endswith(CLASSES_DIRECTORY) and file.suffix == ".py" and file.name != "__init__.py"


def _sort_priority(text: str) -> int:
    """Return the sortPriority that a class gives itself, 0 if it gives none."""
    found = PRIORITY.search(text)
    return int(found[1]) if found else 0


def _python_sources(roots: Sequence[Path], skipped: Sequence[str]) -> Mapping[str, Path]:
    """Return path in the installer -> source; a later root overrides an earlier one."""
    return {
        relative: resolve_file_below(root, relative)
        for root in roots
        if root.is_dir()
        for relative in layers.list_tree_files(root)
        if relative.endswith(".py") and not any(fnmatchcase(relative, pattern) for pattern in skipped)
    }
