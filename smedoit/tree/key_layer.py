# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the tree: those that release.toml pins are its last layer, and no layer below has any other.

[[keys]] is the list of what a medium may ask people to trust. A key file that lies in the content tree
or in the boot set, and stands not in that list, stays off the medium and is named; pinning it to be rid of
the message would be the worse end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smedoit.config.tiers import KeySettings
from smedoit.errors import ContentError
from smedoit.keys import key_files, keyring
from smedoit.keys.key_files import KeyMaterial
from smedoit.runtime import files
from smedoit.tree.layers import TreeLayer


def read_key_layer(pinned: Sequence[KeySettings]) -> TreeLayer:
    """Return the layer of the pinned keys. Raises PackageError, FileError for a file that holds any other."""
    for key in pinned:
        keyring.pinned_certificate(key, files.read_file_bytes(key.file))
    return TreeLayer("keys", {key.file.name: key.file for key in pinned}, files.copy_file)


def drop_unpinned_keys(layer: TreeLayer, keys: TreeLayer) -> tuple[TreeLayer, list[str]]:
    """Return a layer without the key files that are none of keys, and their paths.

    Raises FileError for a secret key, ContentError for a public one in a file that is not named as a key: people
    may need that file for something else.
    """
    trusted = {files.read_file_bytes(path) for path in keys.files.values()}
    dropped = []
    for relative, path in layer.files.items():
        if relative in keys.files:
            continue  # overridden
        data = _read_small_file(path)
        material = key_files.find_key_material(relative, data)
        if material is KeyMaterial.SECRET:
            raise key_files.secret_key_error(str(path))
        if material is KeyMaterial.PUBLIC and data not in trusted:
            if not key_files.is_key_name(relative):
                raise ContentError(
                    f"{path}: holds a public key that no [[keys]] entry pins, and would go on the medium",
                    hint="take the key out of that file; the keys of the medium come from [[keys]] of release.toml",
                )
            dropped.append(relative)
    return replace(layer, files={name: path for name, path in layer.files.items() if name not in dropped}), dropped


def _read_small_file(path: Path) -> bytes:
    """Return what a file holds, b"" if it is larger than any key."""
    with files.wrap_os_errors(path, "read"):
        return path.read_bytes() if path.stat().st_size <= key_files.LOOKED_INTO else b""
