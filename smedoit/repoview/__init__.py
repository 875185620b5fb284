# SPDX-License-Identifier: GPL-3.0-or-later
"""Web pages of each tier and of the tree."""
