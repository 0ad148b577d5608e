"""What is held in Python: arrays, data sets, loaders."""
