"""Which examples to keep."""
