# SPDX-License-Identifier: GPL-3.0-or-later
"""From the stage to the tree that mirrors replicate, between its channels, and back."""
