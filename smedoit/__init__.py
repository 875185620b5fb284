"""From tiers of RPMs to a bootable, verified ISO, doing only the work a change calls for."""

__version__ = "0.1.0"
