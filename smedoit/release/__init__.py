"""Release notes, the spec file that carries the version, the next major."""
