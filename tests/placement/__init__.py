"""Where containers go, and why."""
