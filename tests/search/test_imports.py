"""A search of a small vault does not wait for libraries that it does not use."""

from __future__ import annotations

import subprocess
import sys

UNUSED = ("skimage", "scipy.linalg", "scipy.ndimage", "scipy.spatial", "scipy.stats", "x3pio")
UNUSED += ("PIL", "cryptography", "jinja2", "matplotlib", "reportlab", "distributed")


def test_a_search_loads_no_library_that_it_does_not_use():
    program = (
        "import sys, numba\n"
        "import ribin.commands.search, ribin.search.engine\n"
        "numba.njit(lambda x: x + 1)(1)\n"  # numba loads the rest of itself with a kernel
        f"print([m for m in {UNUSED!r} if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
