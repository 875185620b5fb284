# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that somebody made before becomes a world of its own: a tree or an ISO, taken apart again."""
