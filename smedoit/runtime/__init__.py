"""What every feature stands on: files, processes, digests, progress, one run at a time."""
