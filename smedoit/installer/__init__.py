# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes the installer: overlay images, anaconda's source, mock and lorax."""
