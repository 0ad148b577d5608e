"""Versions that are made without training: a class that is renamed or merged, examples that are forgotten."""
