# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before a medium is written or published."""
