"""anaconda's install classes as their texts show them: what would go wrong in silence, or only on some machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

PLACE = "pyanaconda/installclasses"
CENTOS_PRIORITY = 25000  # of the class in upstream's runtime, which is visible for every product but Red Hat's
PRIORITY = re.compile(r"^\s+sortPriority\s*=\s*(\d+)", re.MULTILINE)
EFI_DIR = re.compile(r"^\s+efi_dir\s*=", re.MULTILINE)
IMPORTED = re.compile(r"^\s*(?:from\s+pyanaconda\.installclasses|import\s+pyanaconda\.installclasses)", re.MULTILINE)


def is_class(path: str) -> bool:
    """Return whether anaconda would import a file as an install class."""
    one = PurePosixPath(path)
    return one.parent.as_posix().endswith(PLACE) and one.suffix == ".py" and one.name != "__init__.py"


def priority(text: str) -> int:
    """Return the sortPriority that a class gives itself, 0 if it gives none."""
    found = PRIORITY.search(text)
    return int(found[1]) if found else 0


def remarks(texts: Mapping[str, str]) -> list[str]:
    """Return what is doubtful of the install classes that we bring, as sentences.

    texts  path in the installer -> source; other files are passed over
    """
    classes = {path: text for path, text in sorted(texts.items()) if is_class(path)}
    if not classes:
        return []
    winner = max(classes, key=lambda path: priority(classes[path]))
    found = []
    if priority(classes[winner]) <= CENTOS_PRIORITY:
        found.append(f"no install class has a sortPriority above {CENTOS_PRIORITY}, so CentOS's own would win")
    if not EFI_DIR.search(classes[winner]) and not IMPORTED.search(classes[winner]):
        found.append(f"{winner}: sets no efi_dir, every installation under UEFI would end in a traceback")
    return found
