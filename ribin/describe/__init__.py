"""A mark becomes a template: all that a comparison needs of one side, computed once."""
