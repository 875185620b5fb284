"""Public keys and signatures: pinned by fingerprint, checked by rpm-rs, rpmkeys, gpgv or gpg."""
