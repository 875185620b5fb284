# SPDX-License-Identifier: GPL-3.0-or-later
"""Public keys and signatures: pinned by fingerprint, checked by rpm-rs, rpmkeys, gpgv or gpg."""
