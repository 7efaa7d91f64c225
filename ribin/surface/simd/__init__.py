"""Instruction sequences for kernels that loops of numba do not become."""
