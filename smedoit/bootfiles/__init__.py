# SPDX-License-Identifier: GPL-3.0-or-later
"""What boots: the menus of isolinux and GRUB with their entries, and the images that they start."""
