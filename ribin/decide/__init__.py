"""Which cells are congruent, and the score of a pair."""
