# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine has and lacks for the steps of this release."""
