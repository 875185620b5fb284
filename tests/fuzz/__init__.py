# SPDX-License-Identifier: GPL-3.0-or-later
"""Every parser of foreign bytes, fed with what nobody meant: `python -m tests.fuzz`."""
