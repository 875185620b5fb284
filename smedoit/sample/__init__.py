# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole practice world for `doit sample` and the tests: its packages, keys and images are real, and worth nothing."""
