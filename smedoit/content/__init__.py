"""The content tree and other sources: exported, mirrored, their revisions and local edits."""
