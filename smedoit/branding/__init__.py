# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place that shows product, version or label."""
