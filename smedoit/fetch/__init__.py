"""The network: one client, conditional and bounded, and what servers answer."""
