# SPDX-License-Identifier: GPL-3.0-or-later
"""Secure Boot: who signed what firmware starts, and whether each link of the chain trusts the next."""
