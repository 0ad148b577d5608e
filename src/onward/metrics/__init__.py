"""What is measured, as functions of arrays: the accuracy matrix, flips between versions, intervals."""
