"""A creator for every task, by the part of the page that it replaces: what it reads, is told, writes and does."""
