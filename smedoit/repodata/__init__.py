# SPDX-License-Identifier: GPL-3.0-or-later
"""Repository metadata: written, read, and the groups of comps.xml."""
