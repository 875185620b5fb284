"""Repository metadata: written, read, and the groups of comps.xml."""
