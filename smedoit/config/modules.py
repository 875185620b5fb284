# SPDX-License-Identifier: GPL-3.0-or-later
"""The [modules] table: which module streams are on the medium."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from smedoit.config.schema import SettingsTable, require_value

NAME = re.compile(r"[A-Za-z0-9_.+-]+")  # of a module, and of a stream


class ModulesSettings(SettingsTable):
    """The [modules] table: module streams, where the base has modules. Without it the medium has none.

    sources  where module metadata comes from: directories with repodata, as mirrors have them, and YAML files
    enabled  module -> the one stream of it that is on the medium, and the default there: php = "8.2"
    """

    sources: tuple[Path, ...] = ()
    enabled: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for module, stream in self.enabled.items():
            name = f"{module}:{stream}"
            said = f"{name!r} is no MODULE:STREAM; both are letters, digits, '.', '_', '+' and '-'"
            good = NAME.fullmatch(module) and NAME.fullmatch(stream)
            require_value(good, ("enabled", module), said)
        require_value(self.sources or not self.enabled, "sources", "say where the metadata of these streams lies")

    def anchored(self, root: Path) -> ModulesSettings:
        """Return the settings with absolute paths."""
        return replace(self, sources=tuple(root / path for path in self.sources))
