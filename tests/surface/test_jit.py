"""Kernels where numba has no place for its cache: slower, with one warning, and no traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ribin

PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
import numpy as np
from ribin.surface._jit import kernel, sum_kernel
import ribin.surface._jit as jit
assert jit.__file__.startswith({folder!r})
@kernel
def double(values):
    for k in range(len(values)):
        values[k] *= 2
@sum_kernel
def total(values):
    found = 0.0
    for k in range(len(values)):
        found += values[k]
    return found
values = np.arange(4.0)
double(values)
print(total(values))
"""


@pytest.fixture
def no_cache(tmp_path) -> tuple[Path, dict[str, str]]:
    """A copy of the package in which no cache can lie, and an environment without a home."""
    folder = tmp_path / "installed"
    shutil.copytree(
        Path(ribin.__file__).parent, folder / "ribin", ignore=shutil.ignore_patterns("__pycache__")
    )
    for part in [folder, *(p for p in folder.rglob("*") if p.is_dir())]:
        (part / "__pycache__").write_text("a file where a folder would be made")
    gone = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/none", "PYTHONDONTWRITEBYTECODE": "1"}
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "PYTHONPATH")}
    return folder, {**kept, **gone}


def run(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    program = folder / "program.py"
    program.write_text(PROGRAM.format(folder=str(folder)))
    return subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True
    )


@pytest.mark.skipif(os.name == "nt", reason="other folders stand for home and cache")
def test_without_a_place_for_the_cache(no_cache, tmp_path):
    folder, environment = no_cache
    done = run(folder, environment)
    assert (done.returncode, done.stdout) == (0, "12.0\n"), done.stderr
    assert done.stderr.count("NUMBA_CACHE_DIR") == 1
    assert "Traceback" not in done.stderr
    kept = tmp_path / "kernels"
    kept.mkdir()
    done = run(folder, {**environment, "NUMBA_CACHE_DIR": str(kept)})
    assert (done.returncode, done.stdout, done.stderr) == (0, "12.0\n", "")
    assert any(kept.rglob("*.nbi"))
