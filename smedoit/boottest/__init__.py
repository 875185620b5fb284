# SPDX-License-Identifier: GPL-3.0-or-later
"""Media in qemu: booted every way, and the boot menu as a picture."""
