# SPDX-License-Identifier: GPL-3.0-or-later
"""The installer's translations, and the patches of the server-manager's."""
