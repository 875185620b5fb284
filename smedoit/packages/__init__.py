"""From tiers to packages.lock, and from the lock to Packages/ and repodata."""
