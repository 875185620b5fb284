# SPDX-License-Identifier: GPL-3.0-or-later
"""RPM files: headers, dependencies, changelogs, spec files."""
