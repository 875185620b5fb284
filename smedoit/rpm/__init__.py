"""RPM files: headers, dependencies, changelogs, spec files."""
