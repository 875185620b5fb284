"""Web pages of each tier and of the tree."""
