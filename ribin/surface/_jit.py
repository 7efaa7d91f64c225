"""The only file that names numba's decorators.

A kernel takes arrays and scalars, writes into `out`, allocates nothing in its loops and checks
nothing; its wrapper, under it in the same file, does. Each output element is computed by one
thread, so results do not depend on the number of threads.
"""

import sys
from typing import Any

from numba import njit, set_num_threads

__all__ = ["kernel", "set_num_threads", "sum_kernel"]

# Full fastmath would make isnan answer False; these four only let a sum be reordered and fused.
_SUM_FLAGS = {"reassoc", "contract", "arcp", "nsz"}

kernel = njit(cache=True, nogil=True, error_model="numpy")
sum_kernel = njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUM_FLAGS)


def _load_without_scipy() -> None:
    """Load what numba otherwise loads with its first kernel, without all of scipy.linalg.

    numba.np.arraymath imports it only to see that there is a BLAS, which takes a third of the CPU
    time of a small search. No kernel here calls BLAS; a kernel of another program that does so
    still finds it, because numba looks for it again then.
    """
    modules: dict[str, Any] = sys.modules
    blas = "scipy.linalg.cython_blas"
    if blas in modules:
        return
    modules[blas] = None  # an import of it now fails at once
    try:
        from numba.np import arraymath
    finally:
        del modules[blas]
    arraymath._HAVE_BLAS = True


_load_without_scipy()
