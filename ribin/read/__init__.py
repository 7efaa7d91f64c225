"""A file of a scanner or a camera becomes a `Scan`."""

from ribin.read.scan import read_scan

__all__ = ["read_scan"]
