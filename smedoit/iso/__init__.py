# SPDX-License-Identifier: GPL-3.0-or-later
"""The media: written, sealed, and read back."""
