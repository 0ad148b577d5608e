"""Whether a new version may replace the one in use."""
