"""Versions between versions: the straight line from one to another, and versions made of the mean of several."""
