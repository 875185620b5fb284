""".jigdo and .template of each ISO."""
