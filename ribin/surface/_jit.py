"""The only file that names numba's decorators.

A kernel takes arrays and scalars, writes into `out`, allocates nothing in its loops and checks
nothing; its wrapper, under it in the same file, does. Each output element is computed by one
thread, so results do not depend on the number of threads.
"""

from numba import njit, set_num_threads

__all__ = ["kernel", "set_num_threads", "sum_kernel"]

# Full fastmath would make isnan answer False; these four only let a sum be reordered and fused.
_SUM_FLAGS = {"reassoc", "contract", "arcp", "nsz"}

kernel = njit(cache=True, nogil=True, error_model="numpy")
sum_kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUM_FLAGS)
