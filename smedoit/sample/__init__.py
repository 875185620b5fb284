# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole practice world for `doit sample` and the tests: nothing in it is worth anything, all of it is real."""
