"""Versions that are made without training: classes renamed or merged, examples forgotten, units taken out."""
