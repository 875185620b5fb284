# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks, their state and their reasons: the only folder that imports doit, besides each feature's tasks.py."""
