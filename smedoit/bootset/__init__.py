# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot set: fetched by its pins, and pinned."""
