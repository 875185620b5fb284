# SPDX-License-Identifier: GPL-3.0-or-later
"""The update cycle: promotions between the tiers, and their repodata."""
