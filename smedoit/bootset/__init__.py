"""The boot set: fetched by its pins, and pinned."""
