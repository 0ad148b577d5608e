"""Runs an update. The only place with a training loop."""
