"""Where two marks lie on each other, and where each cell of one fell on the other."""
