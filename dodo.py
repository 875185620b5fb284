# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents page: one task a step, in the order of the wiki page. It lies in smedoit/contents.py."""

from smedoit.contents import *  # noqa: F403
