# SPDX-License-Identifier: GPL-3.0-or-later
"""FAT images, without root and without mounting."""
