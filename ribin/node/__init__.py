"""The node of a member: other members ask it over a line, and the owner's side answers."""
