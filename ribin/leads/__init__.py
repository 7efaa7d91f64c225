"""Leads, blind reviews and confirmed links of one member, and the history of a gun they tell."""
