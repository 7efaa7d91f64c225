"""Bundles: what members without a line carry to each other, signed and, if wished, sealed."""
