"""Surfaces with masks: filters, harmonics, compiled kernels."""
