"""All media of a release."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from smedoit.digests import Digests
from smedoit.errors import human
from smedoit.identity import Identity


def told(isos: Path, one: Identity, memory: Path) -> Mapping[str, str]:
    """Say where every medium lies, its size and its SHA-256."""
    known = Digests(memory)
    lines = []
    for path in sorted(isos.glob(f"*/{one.name}-{one.full}-*.iso")):
        size = path.stat().st_size
        lines.append(f"{path}  {size} bytes ({human(size)})  sha256 {known.sha256(path)}")
    known.save()
    return {"did": f"{len(lines)} media", "result": "\n".join(lines)}
