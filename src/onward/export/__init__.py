"""A version as a folder that other runtimes serve from, checked against the version it came from."""
