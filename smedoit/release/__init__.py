# SPDX-License-Identifier: GPL-3.0-or-later
"""Release notes, the spec file that carries the version, the next major."""
