# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside the media: checksums, signatures, manifests, SBOM, build record."""
