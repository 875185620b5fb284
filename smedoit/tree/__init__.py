# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that the medium will hold: its layers, boot menus and .treeinfo."""
