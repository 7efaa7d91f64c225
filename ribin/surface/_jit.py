"""The only file that names numba's decorators.

A kernel takes arrays and scalars, writes into `out`, allocates nothing in its loops and checks
nothing; its wrapper, under it in the same file, does. A wrapper that is a kernel itself takes named
tuples and can be called by kernels of its folder. Each output element is computed by one thread, so
results do not depend on the number of threads.
"""

import sys
import warnings
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from numba import njit, set_num_threads

__all__ = ["inner_kernel", "kernel", "set_num_threads", "sum_kernel"]

# Full fastmath would make isnan answer False; these four only let a sum be reordered and fused.
_SUM_FLAGS = {"reassoc", "contract", "arcp", "nsz"}


def kernel(function: Callable[..., Any], **flags: Any) -> Any:
    """Compile a kernel at its first call, and keep the machine code for the next start."""
    options = {"nogil": True, "error_model": "numpy", **flags}
    try:
        compiled = njit(cache=True, **options)(function)
        if hasattr(compiled, "py_func"):  # not where numba is told to compile nothing
            folder = Path(function.__code__.co_filename).parent
            compiled._cache._cache_file._source_stamp = _sources(folder)
        return compiled
    except RuntimeError as error:  # of a cache alone: nothing is compiled yet
        if "cannot cache" not in str(error):
            raise
        _warn_of_no_cache()
        return njit(**options)(function)


@cache
def _sources(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """The state of all files whose kernels a kernel of the folder may call.

    numba looks at the file of a kernel alone, so that it would go on with what it had compiled of
    the kernels that this one calls from other files.
    """
    files = sorted({*folder.glob("*.py"), *Path(__file__).parent.rglob("*.py")})
    facts = [(file.name, file.stat()) for file in files]
    return tuple((name, fact.st_mtime_ns, fact.st_size) for name, fact in facts)


sum_kernel = partial(kernel, fastmath=_SUM_FLAGS)
# Of kernels that call kernels: compiled with the one that calls it, and not once more by itself.
inner_kernel = partial(kernel, inline="always")


@cache
def _warn_of_no_cache() -> None:
    """Once: a read-only installation and no home leave numba no place for its files."""
    warnings.warn(
        "no folder to keep compiled kernels in, so each start compiles them anew, which takes "
        "a minute: set NUMBA_CACHE_DIR to a folder that can be written",
        RuntimeWarning,
        stacklevel=1,
    )


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
