"""What this machine has and lacks for the steps of this release."""
