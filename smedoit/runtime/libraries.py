# SPDX-License-Identifier: GPL-3.0-or-later
"""Which libraries are installed here, and in which version."""

from __future__ import annotations

import sys
from importlib import metadata

LIBRARIES = (
    "asn1crypto", "createrepo_c", "cryptography", "doit", "jinja2", "libcomps", "packaging", "parso", "productmd",
    "pycdlib", "pysequoia", "pyyaml", "requests", "rich", "rpm-rs", "solv", "tomli-w", "xxhash",
    *(() if sys.version_info >= (3, 11) else ("tomli",)),
)  # fmt: skip


def library_versions() -> dict[str, str]:
    """Return name -> version of every library that smedoit needs, "" for one that is not there."""
    return {name: _library_version(name) for name in LIBRARIES}


def _library_version(library: str) -> str:
    """Return the version of a library, "" if it is not there."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ""
