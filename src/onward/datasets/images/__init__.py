"""Image files, decoded once or for each batch."""
