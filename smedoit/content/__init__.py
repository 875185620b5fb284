# SPDX-License-Identifier: GPL-3.0-or-later
"""The content tree and other sources: exported, mirrored, their revisions and local edits."""
