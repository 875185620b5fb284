# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the practice installer: its two stages, put together for a base from parts."""

from __future__ import annotations

from pathlib import Path

from smedoit.bases.enterprise_linux import Base
from smedoit.bases.known import USUAL

HERE = Path(__file__).parent


def first_stage_script(base: Base) -> str:
    """Return what runs in the initial RAM disk: dracut's part."""
    mounts = "init_flat.sh" if base.flat_stage2 else "init_nested.sh"
    return _join_parts("init_begin.sh", mounts, "init_end.sh").replace(USUAL.stage2, base.stage2)


def second_stage_script(base: Base) -> str:
    """Return what runs in stage 2: anaconda's part."""
    if base.repositories == ("",):
        return _join_parts("stage2_begin.sh", "stage2_repository.sh")
    variants = f'variants="{" ".join(base.repositories)}"\n'
    return _join_parts("stage2_begin.sh") + variants + _join_parts("stage2_variants.sh")


def shared_scripts() -> dict[str, str]:
    """Return name -> text of the scripts that are the same on all bases."""
    return {name: _join_parts(name) for name in ("say.sh", "lease.sh")}


def _join_parts(*names: str) -> str:
    """Return some files, one behind the other."""
    return "".join(HERE.joinpath(name).read_text() for name in names)
