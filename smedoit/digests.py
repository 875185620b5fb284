"""SHA-256 of files, remembered by their stamps: what has not changed is not read again."""

from __future__ import annotations

import json
import os
from pathlib import Path

from smedoit import seal, tree


class Digests:
    """A memory of digests in one file; losing it costs a reading, nothing else."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        try:
            self.known: dict[str, list[object]] = dict(json.loads(memory.read_bytes()))
        except (OSError, ValueError, TypeError):
            self.known = {}

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a file. Raises TreeError."""
        with tree.worded(path, "read"):
            stamp = list(tree.stamp(path))
        entry = self.known.get(os.fspath(path))
        if isinstance(entry, list) and entry[:3] == stamp:
            return str(entry[3])
        digest = seal.sha256(path)
        self.known[os.fspath(path)] = [*stamp, digest]
        return digest

    def save(self) -> None:
        """Write the memory down, without files that are gone."""
        there = {path: entry for path, entry in sorted(self.known.items()) if os.path.exists(path)}
        tree.write(self.memory, json.dumps(there, separators=(",", ":")), durable=False)
