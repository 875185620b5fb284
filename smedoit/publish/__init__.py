"""From the stage to the tree that mirrors replicate, between its channels, and back."""
