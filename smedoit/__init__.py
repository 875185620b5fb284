# SPDX-License-Identifier: GPL-3.0-or-later
"""From tiers of RPMs to a bootable, verified ISO, doing only the work a change calls for."""

from __future__ import annotations

__version__ = "0.1.0"
