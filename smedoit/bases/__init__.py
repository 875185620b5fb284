# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the Enterprise Linux releases that a release is built on: one value for each."""
