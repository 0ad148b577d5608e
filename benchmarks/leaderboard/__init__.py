"""Every method on the same streams, at the settings that it comes with: the page ``docs/leaderboard.md``."""
