"""Labelled scans in, error rates out; start with `evaluate.run`."""
