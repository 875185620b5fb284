# SPDX-License-Identifier: GPL-3.0-or-later
"""What release.toml may say, read once into frozen values."""
