# SPDX-License-Identifier: GPL-3.0-or-later
""".jigdo and .template of each ISO."""
