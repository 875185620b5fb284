# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys among the files of a medium: a public one only if release.toml pins it, a secret one never.

A file is looked into whatever its name, up to a size that no key has.
"""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePosixPath

from smedoit.errors import FileError
from smedoit.keys import openpgp

NAME = "RPM-GPG-KEY"  # begins the name under which every distribution publishes its keys
LOOKED_INTO = 1 << 20  # bytes; a key with all that others signed on it has a tenth of that
PUBLIC_BLOCK = b"-----BEGIN PGP PUBLIC KEY BLOCK"
SECRET_BLOCK = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY")  # of OpenPGP, TLS, SSH, or whoever signs loaders


class KeyMaterial(Enum):
    """What a file holds for whoever reads it as keys."""

    NONE, PUBLIC, SECRET = range(3)


def find_key_material(name: str, data: bytes) -> KeyMaterial:
    """Return what kind of key a file holds; one that is named as a key counts as one, whatever it holds."""
    if SECRET_BLOCK.search(data):
        return KeyMaterial.SECRET
    if not is_key_name(name):
        return KeyMaterial.PUBLIC if PUBLIC_BLOCK in data else KeyMaterial.NONE
    try:
        return KeyMaterial.SECRET if openpgp.has_secret_key(data) else KeyMaterial.PUBLIC
    except ValueError:
        return KeyMaterial.PUBLIC


def is_key_name(name: str) -> bool:
    """Return whether a path ends with the name of a key file."""
    return PurePosixPath(name).name.upper().startswith(NAME)


def secret_key_error(file: str) -> FileError:
    """Return the error for a secret key among what goes on a medium."""
    return FileError(
        f"{file}: holds a secret key, which would be on the medium for everybody",
        hint="take it out of there; if it has been published before, its owner must revoke it",
    )
