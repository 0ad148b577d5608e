"""The next version of a trained model, from the version in use and new data."""
__version__ = "0.1.0"
