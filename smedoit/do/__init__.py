"""The floor that does: one door to each thing outside."""
