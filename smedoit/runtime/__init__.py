# SPDX-License-Identifier: GPL-3.0-or-later
"""What every feature stands on: files, processes, digests, progress, one run at a time."""
