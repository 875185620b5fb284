# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests are named after what they promise."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)  # a builder under load is slow, and not wrong
settings.load_profile("unhurried")
