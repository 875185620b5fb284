"""The update cycle: promotions between the tiers, and their repodata."""
