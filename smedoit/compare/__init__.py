# SPDX-License-Identifier: GPL-3.0-or-later
"""Two releases compared by whatever is at hand: a lock, a tree, an ISO, a published directory."""
