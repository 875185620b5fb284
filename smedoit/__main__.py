# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m smedoit: the same as smedoit."""

from __future__ import annotations

from smedoit.command.main import main

if __name__ == "__main__":
    main()
