"""Ways of updating a model, one file each. A file's name is the method's name."""
