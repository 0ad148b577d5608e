"""What papers state, as functions of tensors."""
