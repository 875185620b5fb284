"""What release.toml may say, read once into frozen values."""
