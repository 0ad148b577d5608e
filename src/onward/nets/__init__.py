"""Networks that can say their shape as JSON and be built from it."""
