"""Data sets that have a name, and the layouts in which they are published."""
