# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the installer's Python files: that Python 2.7 compiles them, and what its install classes lack."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from smedoit.errors import ContentError, SmeError
from smedoit.runtime.files import read_file_text, resolve_file_below
from smedoit.runtime.process import run_program
from smedoit.tree import layers

CLASSES_DIRECTORY = "pyanaconda/installclasses"
CENTOS_PRIORITY = 25000  # of the class in upstream's runtime, which is visible for every product but Red Hat's
PRIORITY = re.compile(r"^\s+sortPriority\s*=\s*(\d+)", re.MULTILINE)
EFI_DIR = re.compile(r"^\s+efi_dir\s*=", re.MULTILINE)
IMPORTED = re.compile(r"^\s*(?:from\s+pyanaconda\.installclasses|import\s+pyanaconda\.installclasses)", re.MULTILINE)
INTERPRETER = "python2.7"
NOT_CHECKED = "Python files not checked: no Python 2.7; once it is installed, run doit forget install_classes"
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
COMPILE = """
import sys
for name in sys.argv[1:]:
    try:
        compile(open(name, "rb").read() + b"\\n", name, "exec", 0, True)
    except (SyntaxError, TypeError, ValueError) as error:
        print("%s, line %s: %s" % (name, getattr(error, "lineno", None) or 1, getattr(error, "msg", error)))
"""


def check_install_classes(roots: Sequence[Path], skipped: Sequence[str]) -> str:
    """Compile the Python files below roots with Python 2.7, and return warnings about the install classes.

    skipped  globs of paths that go into no image

    Raises ContentError with every file that does not compile: the installer would end in a traceback.
    """
    found = _python_sources(roots, skipped)
    is_checked = has_python27()
    if is_checked and (wrong := find_python27_errors(list(found.values()))):
        raise ContentError(
            "Python 2.7, which the installer runs on, does not compile\n"
            + "\n".join(f"  {complaint}" for complaint in wrong),
            hint="correct these lines: anaconda 21 runs on no newer one, and ends at a class that it cannot import",
        )
    remarks = install_class_remarks({relative: read_file_text(path) for relative, path in found.items()})
    summary = f"{len(found)} Python files compiled by Python 2.7" if is_checked else f"{len(found)} {NOT_CHECKED}"
    return "\n  ".join([summary, *remarks])


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


def has_python27() -> bool:
    """Return whether Python 2.7 runs here; a program of that name may be a shim without an interpreter."""
    try:
        return shutil.which(INTERPRETER) is not None and run_program([INTERPRETER, "-c", VERSION]).strip() == "2.7"
    except SmeError:
        return False


def find_python27_errors(files: Sequence[Path]) -> list[str]:
    """Return "FILE, line N: message" for every file that Python 2.7 does not compile. Raises SmeError without it."""
    return run_program([INTERPRETER, "-c", COMPILE, *files]).splitlines() if files else []


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
