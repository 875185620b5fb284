# SPDX-License-Identifier: GPL-3.0-or-later
"""From tiers to packages.lock, and from the lock to Packages/ and repodata."""
