"""The media: written, sealed, and read back."""
