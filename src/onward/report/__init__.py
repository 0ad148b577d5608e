"""What people look at: tables and plots of values that are there already. Nothing is computed but the layout."""
