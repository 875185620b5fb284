# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of Enterprise Linux 8 and 9: their metadata read, chosen for a medium, and written."""
