# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's part: overlay images, anaconda's source, mock and lorax."""
