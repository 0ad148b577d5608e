"""How data arrives: experiences in order, and the ways of cutting data into them."""
