"""What lies beside the media: checksums, signatures, manifests, SBOM, build record."""
