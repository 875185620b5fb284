# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests stand on, a module for each noun: worlds and runs of doit in them, servers, repositories, programs."""
