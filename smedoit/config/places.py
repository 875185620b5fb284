# SPDX-License-Identifier: GPL-3.0-or-later
"""Where records, memories and releases lie."""

from __future__ import annotations

from pathlib import Path

from smedoit.config.schema import SettingsTable

UNDER_WAY = "under-way.json"  # among the records of promotions


class PromotionSettings(SettingsTable):
    """The [promotion] table: what doit promote leaves behind.

    records  the directory of its dated records
    """

    records: Path = Path("promotions")

    @property
    def under_way(self) -> Path:
        """The record of a promotion that is not finished; it is only there while one is done, or was interrupted."""
        return self.records / UNDER_WAY
