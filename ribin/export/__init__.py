"""A whole vault as X3P, PNG, CSV and JSON, which need no RIBIN; and back to the same catalogue."""
