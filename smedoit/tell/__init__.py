"""The floor that tells doit: the only one that knows it."""
