"""What arrived, held against the version in use, before anything is trained: facts, warnings, advice."""
