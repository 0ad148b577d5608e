"""Where examples come from: data sets by name, files, folders, and the short text a user types for them."""

from onward.datasets.published.named import NAMES, load
from onward.datasets.source import Source, Taken, read, taken

__all__ = ["NAMES", "Source", "Taken", "load", "read", "taken"]
