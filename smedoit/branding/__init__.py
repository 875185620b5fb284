"""Every place that shows product, version or label."""
