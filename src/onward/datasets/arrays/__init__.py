"""Arrays, in memory or in their files."""
