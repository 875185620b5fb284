# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: one client, conditional and bounded, and what servers answer."""
